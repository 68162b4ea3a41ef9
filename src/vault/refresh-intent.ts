import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { UnderWay } from '../shared/under-way.ts'
import type { ConnectionChange, Connections, Snapshot } from './connections.ts'
import { persist } from './persist.ts'
import type { Connection } from './record.ts'
import {
  type BeginResult,
  beginRefresh,
  type RefreshAttempt,
  withdrawRefresh,
} from './refresh-transitions.ts'

/** What was written down before the token is spent, or why it must not be spent. */
export interface Intent {
  readonly attempt: RefreshAttempt
  readonly begun: BeginResult
  readonly held: Snapshot
}

export interface Intents {
  /**
   * Writes the intent, durably.
   *
   * @param generation - Of the token set that is to be replaced; another one is not touched.
   * @throws ServiceError `store_not_durable`, `store_unavailable`, `not_found`, and `refresh_in_progress` when
   *   writing took so long that the lease no longer covers a request: the token must not be spent.
   */
  begin(id: string, generation: number): Promise<Intent>
  /**
   * Notes how an attempt ended that brought nothing. What cannot be written now is tried again behind the
   * caller's back for as long as the lease stands.
   *
   * @param onLate - Told what is stored when that has helped.
   * @throws ServiceError `store_*`
   */
  end(
    id: string,
    change: ConnectionChange,
    durable: boolean,
    onLate: (stored: Snapshot) => void,
  ): Promise<Snapshot | null>
}

export interface IntentsDeps {
  readonly connections: Connections
  readonly settings: {
    readonly leaseMs: number
    /** Hard cap on the request that follows. */
    readonly timeoutMs: number
    readonly commitBudgetMs: number
    readonly pollMs: number
  }
  readonly underWay: UnderWay
  readonly clock: Clock
  readonly log: Log
}

/** Creates the writer of intents: the first and the last step of an attempt. */
export function createIntents(deps: IntentsDeps): Intents {
  const { connections, settings, underWay, clock, log } = deps
  const { leaseMs, timeoutMs, commitBudgetMs } = settings
  /** What writing the intent may take of its lease. */
  const spareMs = leaseMs - timeoutMs - commitBudgetMs

  /** Ends by itself with the lease: then the record says by its times what is left to say. */
  function goOn(
    connectionId: string,
    change: ConnectionChange,
    onLate: (stored: Snapshot) => void = () => {},
  ): void {
    const write = () => connections.update(connectionId, change)
    const options = { commitBudgetMs: settings.leaseMs, pollMs: settings.pollMs, clock }
    const written = persist(write, options).then(
      (stored) => stored !== null && onLate(stored),
      (error: unknown) => log.warn('intent_not_ended', { connectionId, error }),
    )
    void underWay.track(written)
  }

  return {
    async begin(id, generation) {
      const attempt: RefreshAttempt = { attempt: newAttemptId(), generation }
      let begun: BeginResult = { kind: 'moved' }
      const change = (connection: Connection, now: EpochMs) => {
        begun = beginRefresh(connection, attempt, settings.leaseMs, now)
        return begun.kind === 'begun' ? begun.next : null
      }
      const startedAt = clock()
      try {
        const held = await connections.update(id, change, { durable: true })
        if (held === null) throw new ServiceError('not_found')
        // A process that stood still: the lease would end before a request does, and somebody else may
        // have taken over and spent the token already.
        if (isBegun(begun) && clock() - startedAt > spareMs)
          throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
        return { attempt, begun, held }
      } catch (error) {
        // One that may have been written and is not acted on would make the next attempt a recovery.
        goOn(id, (current, now) => withdrawRefresh(current, attempt, now))
        throw error
      }
    },

    async end(id, change, durable, onLate) {
      try {
        return await connections.update(id, change, { durable, confirm: durable })
      } catch (error) {
        goOn(id, change, onLate)
        throw error
      }
    },
  }
}

const isBegun = ({ kind }: BeginResult): boolean => kind === 'begun'
