import { type RotationPolicy, UNKNOWN_ROTATION } from '../../../../src/vault/rotation.ts'
import type { Rotation } from './samsung-truth.ts'

/** In what world a run takes place. */
export interface Setup {
  readonly rotation: Rotation
  /** Whether the service is told how Samsung treats refresh tokens. */
  readonly isKnown: boolean
  readonly graceMs: number
  readonly hasBreaker: boolean
  /** By how much the clock of each place is fast. */
  readonly skewsMs: readonly number[]
  /** Decides how long things travel. */
  readonly seed: number
}

export const SLOTS = 3
export const CONNECTIONS = 3
/** No clock is further off. */
export const MAX_SKEW_MS = 2_000
/** Longer than any run. */
export const LONG_GRACE_MS = 30 * 86_400_000

/** What the service is configured to believe. */
export function policyOf({ rotation, isKnown, graceMs }: Setup): RotationPolicy {
  if (!isKnown) return UNKNOWN_ROTATION
  return {
    rotation: rotation === 'none' ? 'none' : 'rotate',
    graceMs: rotation === 'grace' ? graceMs : 0,
    reuseRevokes: rotation === 'reuse_revokes',
  }
}
