import type { EpochMs } from '../shared/time.ts'
import {
  type Connection,
  type ConsentBinding,
  consentBinding,
  consentedAt,
  type TokenSet,
  withCurrentBinding,
} from './record.ts'
import type { RefreshAttempt } from './refresh-transitions.ts'

/** A token set as it arrives, sealed for the generation it will get; `rotated`: it has a new refresh token. */
export type SealedTokens = Omit<TokenSet, 'generation' | 'previous'> & { readonly rotated: boolean }

/**
 * Replaces the token set, unless a newer one than it was made from is there.
 *
 * The condition is the generation, not the lease: a slow holder whose lease ran out still holds the
 * newest refresh token in existence if nobody else has committed. So it does when a failover has taken the
 * record back to an even earlier token set.
 *
 * @returns null when this token set is there already, or another that was committed since: then the late
 *   one must be dropped.
 */
export function commitTokenSet(
  connection: Connection,
  { attempt, generation }: RefreshAttempt,
  { rotated, ...received }: SealedTokens,
  now: EpochMs,
): Connection | null {
  if (connection.generation > generation) return null
  const { tokenSet: old, lastError: _, ...rest } = consentBinding(connection)
  const changed: ConsentBinding = {
    ...rest,
    tokenSet: {
      ...received,
      generation: generation + 1,
      committedBy: attempt,
      ...(rotated && old.refreshToken !== undefined
        ? { previous: { generation: old.generation, refreshToken: old.refreshToken } }
        : {}),
    },
    refresh: { state: 'ok', since: now, failures: 0 },
  }
  return withCurrentBinding({ ...connection, generation: generation + 1, updatedAt: now }, changed)
}

/**
 * Makes the change that puts back what a failover has undone: the binding as it was committed, with the
 * tokens, whose account they are of, and what was known about it. It holds on to nothing else, so that it
 * can be remembered for longer than tokens are in clear.
 *
 * @param committed - The connection as it was stored then.
 * @returns null for a record that has this token set, or a newer one: somebody may have renewed since, or
 *   consented again.
 */
export const restoreCommitted =
  (committed: Connection) =>
  (connection: Connection, now: EpochMs): Connection | null => {
    const { generation } = committed
    const isOutdated = consentedAt(connection) > consentedAt(committed)
    if (isOutdated || connection.generation >= generation) return null
    const binding: ConsentBinding = {
      ...consentBinding(committed),
      refresh: { state: 'ok', since: now, failures: 0 },
    }
    return withCurrentBinding({ ...connection, generation, updatedAt: now }, binding)
  }
