import { createHash, randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import type { OauthClientName, OauthGrant } from '../oauth-state.ts'
import { OauthRefusal } from './errors.ts'

/** Begins a grant. @returns Its id. */
export function startGrant(
  { state }: Context,
  grant: Pick<OauthGrant, 'client' | 'accountId' | 'scope'>,
): string {
  const id = `grant_${randomUUID()}`
  state.oauth.grants.set(id, { ...grant, revokedBy: null, rotations: 0, newestRefreshToken: null })
  return id
}

/** Ends a grant and all tokens of it; what ended it first stays noted. */
export function revokeGrant(
  { state }: Pick<Context, 'state'>,
  id: string,
  revokedBy: NonNullable<OauthGrant['revokedBy']>,
): void {
  const grant = state.oauth.grants.get(id)
  if (grant?.revokedBy === null) state.oauth.grants.set(id, { ...grant, revokedBy })
}

/**
 * Exchanges a code: once, in its minute, by its client, with its redirect URI and the verifier of
 * its challenge (RFC 6749 §4.1.3, RFC 7636 §4.6). A refused attempt does not spend it.
 *
 * @returns The id of the grant that begins.
 * @throws OauthRefusal invalid_grant
 */
export function spendOauthCode(
  ctx: Context,
  request: {
    readonly client: OauthClientName
    readonly code: string
    readonly redirectUri: string
    readonly codeVerifier: string
  },
): string {
  const { state, now } = ctx
  const code = state.oauth.codes.get(request.code)
  if (code === undefined || code.client !== request.client) throw refuse('is not known')
  if (code.spent) {
    const reused = state.settings.oauthRotation === 'reuse_revokes' ? code.grantId : null
    if (reused !== null) revokeGrant(ctx, reused, 'reuse')
    throw refuse('was used before')
  }
  if (code.expiresAt <= now()) throw refuse('has expired')
  if (code.redirectUri !== request.redirectUri) throw refuse('was made for another redirect_uri')
  if (!fits(request.codeVerifier, code.codeChallenge)) {
    throw refuse('does not fit the code_verifier')
  }
  const { client, accountId, scope } = code
  const grantId = startGrant(ctx, { client, accountId, scope })
  state.oauth.codes.set(request.code, { ...code, spent: true, grantId })
  state.activity.spent.oauthCodes += 1
  return grantId
}

const refuse = (why: string): OauthRefusal => new OauthRefusal('invalid_grant', `the code ${why}`)

/** 43 to 128 unreserved characters whose SHA-256 is the challenge. */
const fits = (verifier: string, challenge: string): boolean =>
  /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) &&
  createHash('sha256').update(verifier).digest('base64url') === challenge
