import type { Context } from '../context.ts'
import type { AccessToken } from '../state.ts'
import { KnoxRefusal } from './errors.ts'
import { badlyMade } from './jwt.ts'

/**
 * Checks the Samsung Account token inside a Client Identifier JWT: live, and this client's.
 *
 * @returns What the sandbox knows of it.
 * @throws KnoxRefusal IDP_AUTHORIZATION_FAIL
 */
export function authorizeIdpToken(ctx: Context, value: unknown): AccessToken {
  const { client, knox } = ctx.registration
  if (typeof value !== 'string' || value === '') {
    throw badlyMade(`claim ${knox.idpTokenClaim} is not populated`)
  }
  const token = ctx.state.accessTokens.get(value)
  if (token === undefined) throw refuse('is not known')
  if (token.clientId !== client.clientId) throw refuse('belongs to another client')
  if (token.revoked) throw refuse('was revoked')
  if (token.expiresAt <= ctx.now()) throw refuse('has expired')
  return token
}

const refuse = (why: string): KnoxRefusal =>
  new KnoxRefusal('IDP_AUTHORIZATION_FAIL', `the Samsung Account token ${why}`)
