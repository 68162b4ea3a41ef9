import type { AccountId } from '../accounts.ts'
import type { Context } from '../context.ts'
import { KnoxRefusal } from './errors.ts'
import { badlyMade } from './jwt.ts'

/**
 * Checks the Samsung Account token inside a Client Identifier JWT: live, and this client's.
 *
 * @returns The administrator who granted it.
 * @throws KnoxRefusal IDP_AUTHORIZATION_FAIL
 */
export function authorizeIdpToken(ctx: Context, value: unknown): AccountId {
  const { client, knox } = ctx.registration
  if (typeof value !== 'string' || value === '') {
    throw badlyMade(`claim ${knox.idpTokenClaim} is not populated`)
  }
  const token = ctx.state.accessTokens.get(value)
  if (token === undefined) throw refuse('is not known')
  if (token.clientId !== client.clientId) throw refuse('belongs to another client')
  if (token.revoked) throw refuse('was revoked')
  if (token.expiresAt <= ctx.now()) throw refuse('has expired')
  return token.accountId
}

const refuse = (why: string): KnoxRefusal =>
  new KnoxRefusal('IDP_AUTHORIZATION_FAIL', `the Samsung Account token ${why}`)
