import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'

/** A `signInGate` request whose `redirectUri` may be redirected to. */
export interface SignInRequest {
  readonly clientId: string
  readonly responseType: string
  readonly redirectUri: string
  readonly state: string
}

/** A refusal that is shown on a page, because there is nowhere safe to redirect to. */
export class SignInRefusal extends Error {
  override readonly name = 'SignInRefusal'
  readonly status: number
  /** Which rule was broken; for the record. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const refuse = (code: string, message: string): SignInRefusal =>
  new SignInRefusal(400, code, message)

/**
 * Checks the parameters of `signInGate` (protocol.md 2.2); others are ignored.
 *
 * @throws SignInRefusal for the first rule that is broken.
 */
export function readSignInRequest(ctx: Context, parameters: URLSearchParams): SignInRequest {
  const request = {
    clientId: readOne(parameters, 'client_id'),
    responseType: readOne(parameters, 'response_type'),
    redirectUri: readOne(parameters, 'redirect_uri'),
    state: readOne(parameters, 'state'),
  }
  checkClient(ctx, request.clientId)
  checkRedirectUri(ctx, request.redirectUri)
  checkResponseType(request.responseType)
  return request
}

/** Reads a parameter that must be there, not empty, and once. @throws SignInRefusal */
export function readOne(parameters: URLSearchParams, name: string): string {
  const [value = '', ...more] = parameters.getAll(name)
  if (more.length > 0) throw refuse('parameter_repeated', `${name} is given more than once.`)
  if (value === '') throw refuse('parameter_missing', `${name} is missing.`)
  return value
}

/** Checks that the alias in the path is the client's. @throws SignInRefusal */
export function checkAlias(ctx: Context, { path }: Incoming): void {
  const { alias } = ctx.registration.client
  if (path.split('/')[3] !== encodeURIComponent(alias)) {
    throw new SignInRefusal(404, 'alias_unknown', 'The alias in the address is not registered.')
  }
}

/** Checks that the Samsung Account client is registered. @throws SignInRefusal */
export function checkClient(ctx: Context, clientId: string): void {
  if (clientId !== ctx.registration.client.clientId) {
    throw refuse('client_unknown', 'client_id is not registered.')
  }
}

function checkRedirectUri(ctx: Context, redirectUri: string): void {
  if (!ctx.state.settings.redirectUris.includes(redirectUri)) {
    throw refuse('redirect_uri_unknown', 'redirect_uri is not registered for this client.')
  }
}

function checkResponseType(responseType: string): void {
  if (responseType !== 'CODE' && responseType !== 'code') {
    throw refuse('response_type_unknown', 'response_type must be CODE.')
  }
}
