import { randomBytes } from 'node:crypto'
import type { Context } from '../context.ts'
import type { OauthClientName, OauthRefreshToken } from '../oauth-state.ts'
import type { RequestFacts, Standing } from '../record.ts'
import { OauthRefusal } from './errors.ts'
import { revokeGrant } from './grants.ts'

/** Issues an access token: it looks like a JWT and is opaque (protocol.md 7.7). */
export function issueAccessToken(ctx: Context, grantId: string, seconds: number): string {
  const header = Buffer.from(JSON.stringify({ kid: 'sandbox', alg: 'RS256' })).toString('base64url')
  const value = [header, random(48), random(64)].join('.')
  ctx.state.oauth.accessTokens.set(value, {
    grantId,
    expiresAt: ctx.now() + seconds * 1000,
    revoked: false,
  })
  ctx.state.activity.issued.oauthAccessTokens += 1
  return value
}

/** Issues a refresh token, which becomes the newest of its grant. */
export function issueRefreshToken({ state, now }: Context, grantId: string): string {
  const value = random(32)
  state.oauth.refreshTokens.set(value, {
    grantId,
    expiresAt: now() + state.settings.oauthRefreshTokenLifetimeSeconds * 1000,
    spent: false,
    presentations: 0,
    delivery: 'pending',
  })
  state.activity.issued.oauthRefreshTokens += 1
  const grant = state.oauth.grants.get(grantId)
  if (grant !== undefined) {
    state.oauth.grants.set(grantId, { ...grant, newestRefreshToken: value })
  }
  return value
}

const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

/**
 * Spends a refresh token: each refresh discards the old one, at once (protocol.md 7.3).
 *
 * @returns The id of its grant.
 * @throws OauthRefusal when it is unknown, spent, expired, revoked or another client's. A spent one
 *   then ends its grant, if so set.
 */
export function spendRefreshToken(ctx: Context, client: OauthClientName, value: string): string {
  const { oauth, settings, activity } = ctx.state
  const known = oauth.refreshTokens.get(value)
  const grant = known === undefined ? undefined : oauth.grants.get(known.grantId)
  const standing = oauthStandingOf(ctx, known)
  if (known === undefined || grant?.client !== client || standing !== 'live') {
    if (known !== undefined && standing === 'spent' && settings.oauthRotation === 'reuse_revokes') {
      revokeGrant(ctx, known.grantId, 'reuse')
    }
    throw new OauthRefusal('invalid_grant', `the refresh token is ${standing}`)
  }
  oauth.refreshTokens.set(value, { ...known, spent: true })
  oauth.grants.set(known.grantId, { ...grant, rotations: grant.rotations + 1 })
  activity.spent.oauthRefreshTokens += 1
  return known.grantId
}

/** Tells what a refresh token is worth now. */
export function oauthStandingOf(ctx: Context, token: OauthRefreshToken | undefined): Standing {
  const grant = token === undefined ? undefined : ctx.state.oauth.grants.get(token.grantId)
  if (token === undefined || grant === undefined) return 'unknown'
  if (grant.revokedBy !== null) return 'revoked'
  if (token.spent) return 'spent'
  return token.expiresAt <= ctx.now() ? 'expired' : 'live'
}

/** Counts a presentation of a refresh token. @returns What the record should say about it. */
export function noteOauthPresentation(ctx: Context, presented: string): RequestFacts {
  const { refreshTokens } = ctx.state.oauth
  const known = refreshTokens.get(presented)
  const standing = oauthStandingOf(ctx, known)
  if (known === undefined) return { standing }
  const presentations = known.presentations + 1
  refreshTokens.set(presented, { ...known, presentations })
  return { family: known.grantId, standing, presentations }
}
