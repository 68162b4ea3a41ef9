import { createHash } from 'node:crypto'
import type { EpochMs } from '../shared/time.ts'

const JITTER = 0.05

/**
 * A number in [0, 1) that is the same for one connection in every replica, so that a thousand
 * connections made together do not renew together, and two replicas agree when one is due.
 */
export function jitterOf(connectionId: string): number {
  return createHash('sha256').update(connectionId).digest().readUInt32BE(0) / 2 ** 32
}

/**
 * The moment from which a token set is renewed before use: two thirds of its life, less up to 5 % of
 * the life as jitter.
 *
 * A fraction, because lifetimes differ: a margin fit for a day's token would renew a ten-minute token
 * on every call.
 */
export function tokenSetDueAt(issuedAt: EpochMs, expiresAt: EpochMs, jitter: number): EpochMs {
  const lifeMs = Math.max(0, expiresAt - issuedAt)
  return Math.floor(issuedAt + lifeMs * (2 / 3 - JITTER * jitter))
}

/**
 * The moment from which a signed token is replaced: the smaller of two minutes and a fifth of its
 * life before the end, less up to 5 % of the life as jitter.
 */
export function knoxTokenDueAt(mintedAt: EpochMs, expiresAt: EpochMs, jitter: number): EpochMs {
  const lifeMs = Math.max(0, expiresAt - mintedAt)
  return Math.floor(expiresAt - Math.min(120_000, lifeMs / 5) - lifeMs * JITTER * jitter)
}

/** How long to wait after `failures` attempts in a row that brought nothing: doubling, capped. */
export function backoffMs(failures: number, minMs: number, maxMs: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(30, Math.max(0, failures - 1)))
}
