import type { Context } from '../context.ts'
import type { RequestFacts, Standing } from '../record.ts'
import type { RefreshToken } from '../state.ts'

/** Tells what a refresh token is worth now. */
export function standingOf(ctx: Context, token: RefreshToken | undefined): Standing {
  if (token === undefined) return 'unknown'
  if (token.status === 'revoked') return 'revoked'
  const expired = token.expiresAt <= ctx.now()
  if (token.status === 'live') return expired ? 'expired' : 'live'
  return !expired && inGrace(ctx, token) ? 'in_grace' : 'spent'
}

/** Counts a presentation of a refresh token. @returns What the record should say about it. */
export function notePresentation(ctx: Context, presented: string): RequestFacts {
  const { refreshTokens } = ctx.state
  const known = refreshTokens.get(presented)
  const standing = standingOf(ctx, known)
  if (known === undefined) return { standing }
  const presentations = known.presentations + 1
  refreshTokens.set(presented, { ...known, presentations })
  return { family: known.familyId, standing, presentations }
}

/** The first exchange opens the window; repeating it does not make it longer. */
function inGrace({ state, now }: Context, { exchanged }: RefreshToken): boolean {
  const { rotation, rotationGraceSeconds } = state.settings
  if (rotation !== 'grace' || exchanged === null) return false
  return now() < exchanged.at + rotationGraceSeconds * 1000
}
