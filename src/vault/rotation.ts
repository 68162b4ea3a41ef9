import type { EpochMs } from '../shared/time.ts'
import type { RefreshState } from './record.ts'

/** What is known of how a program's Samsung treats refresh tokens that were used; configuration. */
export interface RotationPolicy {
  /** Whether a refresh token is replaced on use. */
  readonly rotation: 'none' | 'rotate' | 'unknown'
  /** How long a used one may be presented again for the same answer; 0: not at all, as far as known. */
  readonly graceMs: number
  /** Whether presenting a used one ends all tokens of that consent (RFC 9700 §4.14.2). */
  readonly reuseRevokes: boolean
}

/** The worst that is possible, where nothing is known. */
export const UNKNOWN_ROTATION: RotationPolicy = {
  rotation: 'unknown',
  graceMs: 0,
  reuseRevokes: true,
}

/** A recovery has to reach Samsung before the grace period is over: this much of it is left, at most. */
const GRACE_MARGIN_MS = 5_000

/**
 * Whether the last use of the refresh token has no known outcome. Also while a recovery runs, and after a
 * holder whose lease ran out without a word.
 */
export function isUncertain({ state, recovering, until = 0 }: RefreshState, now: EpochMs): boolean {
  if (state === 'uncertain') return true
  return state === 'refreshing' && (recovering === true || until <= now)
}

/** The moment until which a recovery repeats an exchange and does not spend a dead token; 0 for none. */
export function graceUntil(refresh: RefreshState, { graceMs }: RotationPolicy): EpochMs {
  if (graceMs === 0) return 0
  const margin = Math.min(GRACE_MARGIN_MS, graceMs / 5)
  return (refresh.spentAt ?? refresh.since) + graceMs - margin
}

/**
 * Whether a token whose last use has no known outcome may be presented again although nothing forces it
 * yet: it costs nothing where tokens are not replaced, and is what a grace period is for.
 */
export const mayRecoverEarly = (
  refresh: RefreshState,
  policy: RotationPolicy,
  now: EpochMs,
): boolean => policy.rotation === 'none' || now < graceUntil(refresh, policy)
