import { timingSafeEqual } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'
import type { OauthClientName } from '../oauth-state.ts'
import type { OauthClient } from './clients.ts'
import { OauthRefusal, readOptional } from './errors.ts'

/** A client that has proven who it is, and its form. */
export interface AuthenticatedRequest {
  readonly name: OauthClientName
  readonly client: OauthClient
  readonly form: URLSearchParams
}

/**
 * Reads a form and checks the client's id and secret in it: `client_secret_post` and nothing else
 * (protocol.md 7.3).
 *
 * @throws OauthRefusal
 */
export function authenticateRequest(ctx: Context, incoming: Incoming): AuthenticatedRequest {
  if (incoming.contentType !== 'application/x-www-form-urlencoded') {
    throw new OauthRefusal('invalid_request', 'the body must be a form')
  }
  if (incoming.header('authorization') !== undefined) {
    throw new OauthRefusal('invalid_client', 'the client authenticates in the body')
  }
  const form = new URLSearchParams(incoming.body)
  const found = findClient(ctx, readOptional(form, 'client_id'))
  const secret = readOptional(form, 'client_secret') ?? ''
  const matches = found !== null && sameText(secret, found.client.clientSecret)
  if (!matches || !ctx.state.settings.clientSecretAccepted) {
    throw new OauthRefusal('invalid_client', 'client_id and client_secret do not match')
  }
  return { ...found, form }
}

/** Finds a registered app by its client id. */
export function findClient(
  { registration }: Context,
  clientId: string | undefined,
): { readonly name: OauthClientName; readonly client: OauthClient } | null {
  const { portal, customer, msp } = registration.oauth
  const known = [
    { name: 'portal', client: portal },
    { name: 'customer', client: customer },
    { name: 'msp', client: msp },
  ] as const
  return known.find(({ client }) => client.clientId === clientId) ?? null
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
