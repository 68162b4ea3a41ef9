import type { Context } from '../context.ts'
import { revokeReused } from '../revocation.ts'
import type { EpochMs, RefreshToken } from '../state.ts'
import { SaRefusal } from './errors.ts'
import { noteRotation } from './families.ts'
import { standingOf } from './standing.ts'
import { type IssuedTokens, newRefreshToken, withAccessToken } from './tokens.ts'

/**
 * Renews tokens with a refresh token, or repeats the last renewal where grace allows it.
 *
 * @throws SaRefusal when the token is unknown, spent, revoked, expired or another client's. A spent
 *   one then ends its family, if so set.
 */
export function renewTokens(ctx: Context, clientId: string, presented: string): IssuedTokens {
  const known = ctx.state.refreshTokens.get(presented)
  if (known === undefined) throw refused()
  if (known.clientId !== clientId) throw new SaRefusal('AUT_1806')
  const standing = standingOf(ctx, known)
  if (standing === 'live') return renew(ctx, known, presented)
  if (standing === 'in_grace') return repeat(ctx, known)
  if (standing === 'spent' && ctx.state.settings.rotation === 'reuse_revokes') {
    revokeReused(ctx.state, known.familyId)
  }
  throw refused()
}

/**
 * With rotation the presented token is spent, but only if the answer brings its successor: RFC 6749
 * §6 replaces a refresh token by a new one, never by nothing.
 */
function renew(ctx: Context, old: RefreshToken, presented: string): IssuedTokens {
  const { state } = ctx
  if (state.settings.refreshToken !== 'string') return withAccessToken(ctx, old, null)
  if (state.settings.rotation === 'none') {
    return withAccessToken(ctx, old, { value: presented, seconds: secondsLeft(ctx, old) })
  }
  const successor = newRefreshToken(ctx, old)
  const tokens = withAccessToken(ctx, old, successor)
  const { accessToken } = tokens
  const exchanged = { at: ctx.now(), accessToken, refreshToken: successor.value }
  state.refreshTokens.set(presented, { ...old, status: 'spent', exchanged })
  state.activity.spent.refreshTokens += 1
  noteRotation(ctx, old.familyId)
  return tokens
}

/**
 * Gives the tokens of the first exchange once more, with what is left of their lives: nothing is
 * issued, so a caller that lost the first answer catches up, and one that had it loses nothing.
 *
 * @throws SaRefusal when anything newer was issued in the family, for then the first answer arrived.
 */
function repeat(ctx: Context, { exchanged, familyId, accountId }: RefreshToken): IssuedTokens {
  const { accessTokens, refreshTokens, families } = ctx.state
  const newest = families.get(familyId)?.newestAccessToken
  if (exchanged === null || exchanged.accessToken !== newest) throw refused()
  const access = accessTokens.get(exchanged.accessToken)
  const refresh = refreshTokens.get(exchanged.refreshToken)
  if (access === undefined || refresh === undefined) throw refused()
  if (standingOf(ctx, refresh) !== 'live') throw refused()
  return {
    familyId,
    accountId,
    accessToken: exchanged.accessToken,
    accessTokenSeconds: secondsLeft(ctx, access),
    refreshToken: { value: exchanged.refreshToken, seconds: secondsLeft(ctx, refresh) },
  }
}

/** 0 when the life is over: an access token may be shorter-lived than the grace. */
const secondsLeft = (ctx: Context, { expiresAt }: { readonly expiresAt: EpochMs }): number =>
  Math.max(0, Math.floor((expiresAt - ctx.now()) / 1000))

const refused = (): SaRefusal =>
  new SaRefusal('AUT_1802', 'invalid_grant', 'refresh_token is incorrect')
