import type { Context } from '../context.ts'
import { readOne, SignInRefusal } from '../samsung-account/sign-in-request.ts'
import { findClient } from './client-authentication.ts'
import { OauthRefusal, readParameter } from './errors.ts'
import { permits, splitScope } from './scopes.ts'

/** An authorization request that may be decided (protocol.md 7.2). */
export interface AuthorizeRequest extends ReturnAddress {
  readonly clientId: string
  readonly scope: string
  readonly codeChallenge: string
}

/** Where a browser may be sent back to, and with what. */
export interface ReturnAddress {
  readonly redirectUri: string
  readonly state: string
}

/**
 * Reads where a request comes from and goes back to. What is wrong with these is shown on a page,
 * because there is nowhere safe to redirect to (RFC 6749 §4.1.2.1).
 *
 * @throws SignInRefusal
 */
export function readReturnAddress(ctx: Context, parameters: URLSearchParams): ReturnAddress {
  if (parameters.has('client_secret')) {
    throw refuse('secret_in_browser', 'client_secret must never pass through a browser.')
  }
  const client = findClient(ctx, readOne(parameters, 'client_id'))?.client
  if (client === undefined) throw refuse('client_unknown', 'client_id is not registered.')
  const redirectUri = readOne(parameters, 'redirect_uri')
  const registered = ctx.state.settings.redirectUris.includes(redirectUri)
  if (!client.grantTypes.includes('authorization_code') || !registered) {
    throw refuse('redirect_uri_unknown', 'redirect_uri is not registered for this client.')
  }
  return { redirectUri, state: readOne(parameters, 'state') }
}

const refuse = (code: string, message: string): SignInRefusal =>
  new SignInRefusal(400, code, message)

/** Reads the rest of a request. @throws OauthRefusal that the browser takes back to the portal */
export function readAuthorizeRequest(
  ctx: Context,
  parameters: URLSearchParams,
  back: ReturnAddress,
): AuthorizeRequest {
  if (readParameter(parameters, 'response_type') !== 'code') {
    throw new OauthRefusal('unsupported_response_type', 'response_type must be code')
  }
  const codeChallenge = readParameter(parameters, 'code_challenge')
  if (readParameter(parameters, 'code_challenge_method') !== 'S256') {
    throw new OauthRefusal('invalid_request', 'code_challenge_method must be S256')
  }
  if (!/^[\w-]{43}$/.test(codeChallenge)) {
    throw new OauthRefusal('invalid_request', 'code_challenge must be a SHA-256 in base64url')
  }
  const clientId = readParameter(parameters, 'client_id')
  const scope = grantableScope(ctx, clientId, readParameter(parameters, 'scope'))
  return { ...back, clientId, scope, codeChallenge }
}

/**
 * Judges a scope that is asked for by what the client is registered for, and reduces it to what is
 * granted.
 *
 * @throws OauthRefusal invalid_scope
 */
export function grantableScope(ctx: Context, clientId: string, asked: string): string {
  const registered = findClient(ctx, clientId)?.client.scopes ?? []
  const scopes = [...new Set(splitScope(asked))]
  if (!scopes.every((scope) => permits(registered, scope))) {
    throw new OauthRefusal('invalid_scope', 'a scope is not registered for this client')
  }
  const { oauthGrantedScope } = ctx.state.settings
  const granted = scopes.filter(
    (scope) => oauthGrantedScope === null || permits(splitScope(oauthGrantedScope), scope),
  )
  if (granted.length === 0) throw new OauthRefusal('invalid_scope', 'no scope is granted')
  return granted.join(' ')
}
