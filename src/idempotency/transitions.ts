import type { EpochMs } from '../shared/time.ts'
import type { IdempotencyRecord } from './record.ts'

/** A request that wants to use a key. */
export interface Claim {
  readonly id: string
  readonly fingerprint: string
  /** Which request it is. */
  readonly claim: string
}

/**
 * What a request finds when its key has been used before.
 *
 * - `free`: nothing holds it back.
 * - `abandoned`: the same, and the request before was cut off in the middle.
 * - `reused`: another body came with this key.
 * - `in_progress`: the same request is at work.
 * - `answered`: it has been answered.
 */
export type Verdict = 'free' | 'abandoned' | 'reused' | 'in_progress' | 'answered'

/** Judges a key by what is stored of it. */
export function judge(
  { phase, until, fingerprint }: IdempotencyRecord,
  wanted: Pick<Claim, 'fingerprint'>,
  now: EpochMs,
): Verdict {
  if (phase === 'released') return 'free'
  if (now >= until) return phase === 'claimed' ? 'abandoned' : 'free'
  if (fingerprint !== wanted.fingerprint) return 'reused'
  return phase === 'claimed' ? 'in_progress' : 'answered'
}

/** Claims a key for one request; what was there before is forgotten. */
export const claimKey = (
  { id, fingerprint, claim }: Claim,
  now: EpochMs,
  claimMs: number,
): IdempotencyRecord => ({
  format: 1,
  type: 'idempotent_answer',
  id,
  fingerprint,
  phase: 'claimed',
  claim,
  until: now + claimMs,
})

const isHeldBy = ({ phase, claim }: IdempotencyRecord, mine: string): boolean =>
  phase === 'claimed' && claim === mine

export interface SealedAnswer {
  readonly dataKey: string
  readonly answer: string
}

/**
 * Keeps the answer of the request that has the claim; null for one that was too slow, and whose key somebody
 * else has taken over.
 */
export const keepAnswer = (
  record: IdempotencyRecord,
  mine: string,
  sealed: SealedAnswer,
  until: EpochMs,
): IdempotencyRecord | null =>
  isHeldBy(record, mine) ? { ...record, phase: 'answered', until, ...sealed } : null

/** Gives the key back, because nothing was done with it; null for one who does not have it any more. */
export const releaseKey = (
  record: IdempotencyRecord,
  mine: string,
  now: EpochMs,
): IdempotencyRecord | null =>
  isHeldBy(record, mine) ? { ...record, phase: 'released', until: now } : null
