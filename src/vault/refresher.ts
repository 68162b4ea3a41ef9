import { type SamsungAccountClient, TokenRequestError } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import { type Clock, type EpochMs, sleep } from '../shared/time.ts'
import type { Connections, Snapshot } from './connections.ts'
import type { Envelope } from './envelope.ts'
import { tokenFailure } from './failures.ts'
import type { VaultMetrics } from './outcomes.ts'
import { type Connection, currentBinding } from './record.ts'
import { createRefreshReport, heldBack, outcomeOf } from './refresh-report.ts'
import {
  type BeginResult,
  beginRefresh,
  endNotRenewable,
  failRefresh,
  type RefreshAttempt,
  withdrawRefresh,
} from './refresh-transitions.ts'
import { createTokenCommitter } from './token-committer.ts'
import { openRefreshToken } from './token-seal.ts'

/** Renews token sets: once per connection, across all replicas. */
export interface Refresher {
  /**
   * Returns the connection with a token set newer than the one in `snapshot`, made by this process or
   * by another.
   *
   * @throws ServiceError `consent_required`, `refresh_in_progress`, `refresh_outcome_unknown`,
   *   `upstream_*`, `store_*`
   */
  refresh(snapshot: Snapshot): Promise<Snapshot>
}

export interface RefresherDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  /** The client of a program. */
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly settings: {
    readonly leaseMs: number
    readonly commitBudgetMs: number
    readonly backoffMinMs: number
    readonly backoffMaxMs: number
    readonly pollMs: number
    /** Hard cap on one request; a caller waits no longer than this for another process. */
    readonly timeoutMs: number
  }
  readonly clock: Clock
  readonly log: Log
  readonly metrics: VaultMetrics
}

/**
 * Creates the refresher: begin (a written intent, which is the lease) → one request, never repeated →
 * commit, before the response is validated → or an end that says what is known about the token.
 */
export function createRefresher(deps: RefresherDeps): Refresher {
  const { connections, envelope, clientOf, settings, clock, log, metrics } = deps
  const commitTokens = createTokenCommitter(deps)

  const report = createRefreshReport(log, metrics)

  async function refresh(first: Snapshot): Promise<Snapshot> {
    const { generation, id } = first.connection
    const deadline = clock() + settings.timeoutMs
    let snapshot = first
    for (;;) {
      const token = await openSpendable(snapshot.connection)
      if (token === null) return endWithoutRefreshToken(id, generation)
      const attempt: RefreshAttempt = { attempt: newAttemptId(), generation }
      const [begun, held] = await begin(snapshot, attempt)
      if (begun.kind === 'begun') return redeem(held, attempt, token, begun.recovering)
      if (begun.kind === 'moved') return byPeer(held)
      if (begun.kind === 'consent_required') throw new ServiceError('consent_required')
      if (begun.kind === 'backoff') throw heldBack(held, begun)
      if (clock() >= deadline) {
        report.ended(held.connection, 'busy_timeout')
        throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
      }
      await nextChange(held, Math.min(deadline, clock() + begun.until - held.serverNow))
      const reread = await connections.read(id)
      if (reread === null) throw new ServiceError('not_found')
      snapshot = reread
    }
  }

  async function openSpendable(connection: Connection): Promise<Secret | null> {
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    return openRefreshToken(dataKey, currentBinding(connection))
  }

  async function begin(
    snapshot: Snapshot,
    attempt: RefreshAttempt,
  ): Promise<readonly [BeginResult, Snapshot]> {
    let begun: BeginResult = { kind: 'moved' }
    const change = (connection: Connection, now: EpochMs) => {
      begun = beginRefresh(connection, attempt, settings.leaseMs, now)
      return begun.kind === 'begun' ? begun.next : null
    }
    const { id } = snapshot.connection
    try {
      const updated = await connections.update(id, change, { durable: true })
      if (updated === null) throw new ServiceError('not_found')
      return [begun, updated]
    } catch (error) {
      await withdraw(id, attempt)
      throw error
    }
  }

  /** An intent that may have been written and is not acted on would make the next one a recovery. */
  async function withdraw(id: string, attempt: RefreshAttempt): Promise<void> {
    try {
      await connections.update(id, (current, now) => withdrawRefresh(current, attempt, now))
    } catch (error) {
      log.warn('intent_not_withdrawn', { connectionId: id, error })
    }
  }

  async function redeem(
    snapshot: Snapshot,
    attempt: RefreshAttempt,
    token: Secret,
    recovering: boolean,
  ): Promise<Snapshot> {
    const { connection } = snapshot
    let committed: Snapshot | undefined
    try {
      await clientOf(currentBinding(connection).program).refresh(token, async (received) => {
        committed = await commitTokens(connection, attempt, received, token)
      })
    } catch (error) {
      if (!(error instanceof TokenRequestError)) throw error
      return giveUp(snapshot, attempt, recovering, error)
    }
    if (committed === undefined) throw new TypeError('a token request ended without tokens')
    report.ended(
      committed.connection,
      recovering ? 'recovered_after_uncertain' : 'success',
      attempt.attempt,
    )
    return committed
  }

  async function giveUp(
    { connection }: Snapshot,
    attempt: RefreshAttempt,
    recovering: boolean,
    error: TokenRequestError,
  ): Promise<Snapshot> {
    let owned = false
    const end = (current: Connection, now: EpochMs) => {
      const next = failRefresh(current, attempt, error.kind, settings, now)
      owned = next !== null
      return next
    }
    const durable = error.kind === 'customer'
    const updated = await connections.update(connection.id, end, { durable })
    if (updated === null) throw new ServiceError('not_found')
    // Somebody else committed while we were refused: theirs is the token, and ours was spent.
    if (updated.connection.generation !== attempt.generation) return byPeer(updated, attempt)
    // Somebody else has taken over and may still bring tokens: our refusal decides nothing.
    if (!owned) throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
    report.ended(connection, outcomeOf(error, recovering), attempt.attempt)
    report.refused(connection, error)
    throw tokenFailure(error)
  }

  async function endWithoutRefreshToken(id: string, generation: number): Promise<Snapshot> {
    const end = (current: Connection, now: EpochMs) => endNotRenewable(current, generation, now)
    const updated = await connections.update(id, end, { durable: true })
    if (updated === null) throw new ServiceError('not_found')
    if (updated.connection.generation !== generation) return byPeer(updated)
    report.ended(updated.connection, 'reauth_correct')
    throw new ServiceError('consent_required')
  }

  function byPeer(snapshot: Snapshot, attempt?: RefreshAttempt): Snapshot {
    report.ended(snapshot.connection, 'fresh_by_peer', attempt?.attempt)
    return snapshot
  }

  /** Waits until the stored connection changes, at most until `until`. */
  async function nextChange({ connection, version }: Snapshot, until: EpochMs): Promise<void> {
    while (clock() < until) {
      await sleep(settings.pollMs)
      if ((await connections.version(connection.id)) !== version) return
    }
  }

  return { refresh }
}
