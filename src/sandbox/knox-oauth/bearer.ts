import { ACCOUNTS } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../knox/callers.ts'
import { KnoxRefusal } from '../knox/errors.ts'
import { permits, splitScope } from './scopes.ts'

/**
 * Checks an access token of Knox OAuth 2.0 (protocol.md 7.5).
 *
 * @param header - The `Authorization` header.
 * @param needed - The scope that the call needs; `null` when the service takes no such token.
 * @throws KnoxRefusal
 */
export function identifyBearer(ctx: Context, header: string, needed: string | null): Caller {
  const [, value] = /^Bearer ([\w.~+/-]+=*)$/i.exec(header) ?? []
  const token = value === undefined ? undefined : ctx.state.oauth.accessTokens.get(value)
  const grant = token === undefined ? undefined : ctx.state.oauth.grants.get(token.grantId)
  if (needed === null) throw refuse('this service takes signed tokens only')
  if (token === undefined || grant === undefined) throw refuse('the access token is not known')
  if (token.revoked || grant.revokedBy !== null) throw refuse('the access token was revoked')
  if (token.expiresAt <= ctx.now()) throw refuse('the access token has expired')
  if (!permits(splitScope(grant.scope), needed)) {
    throw new KnoxRefusal('AUTHORIZATION_FAIL', 'the scope of the access token is too narrow')
  }
  if (grant.accountId === null) return { kind: grant.client === 'msp' ? 'msp' : 'customer' }
  // The consent screen is the trust that others have to establish (protocol.md 4).
  const { organisation } = ACCOUNTS[grant.accountId]
  return { kind: 'portal', organisation, needsTrust: false }
}

const refuse = (why: string): KnoxRefusal => new KnoxRefusal('BEARER_REFUSED', why)
