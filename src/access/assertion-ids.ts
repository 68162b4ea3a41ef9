import { ServiceError } from '../shared/errors.ts'
import { newAttemptId, sha256 } from '../shared/ids.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { documentKey, type Store } from '../vault/store.ts'
import { CLOCK_TOLERANCE_S } from './assertion.ts'

/** The `jti` of assertions that were used, known to all processes. */
export interface AssertionIds {
  /**
   * Takes a `jti` of a portal for good; false when it was taken before.
   *
   * @param used - `expiresAt` is the assertion's `exp`.
   * @throws ServiceError `store_unavailable`, also when nobody knows whether it is taken now
   */
  take(used: {
    readonly portalId: string
    readonly jti: string
    readonly expiresAt: EpochMs
  }): Promise<boolean>
}

/** The clocks of the processes may be this far apart: none may take what another has forgotten. */
const PROCESS_SKEW_MS = 60_000

/** What is stored says nothing: that it is there is all there is to know. */
const TAKEN = JSON.stringify({ format: 1, type: 'assertion_id' })

/**
 * Creates the memory of used ids: one document each, made by one command if it is not there, and gone
 * when no process would take the assertion any more. What was sent is not read again, so that a
 * signature that is written in another way, or made by another key of the portal, changes nothing.
 */
export function createAssertionIds(deps: {
  readonly store: Pick<Store, 'compareAndSet'>
  readonly clock: Clock
}): AssertionIds {
  const { store, clock } = deps

  return {
    async take({ portalId, jti, expiresAt }) {
      // No portal id has a space in it, so no two pairs are alike.
      const key = documentKey(`jti_${sha256(`${portalId} ${jti}`)}`)
      const leftMs = expiresAt + CLOCK_TOLERANCE_S * 1000 - clock()
      const expiresInMs = Math.max(1, Math.ceil(leftMs)) + PROCESS_SKEW_MS
      const { outcome } = await store.compareAndSet(key, 0, TAKEN, newAttemptId(), { expiresInMs })
      // It may be taken or not: the portal makes another, which costs it nothing.
      if (outcome === 'ambiguous')
        throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
      return outcome !== 'lost'
    },
  }
}
