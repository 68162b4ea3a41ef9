import type { Audit } from '../audit/audit.ts'
import type { Breaker } from '../breaker/breaker.ts'
import type { SamsungAccountClient } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import { type Clock, type EpochMs, sleep } from '../shared/time.ts'
import { createUnderWay } from '../shared/under-way.ts'
import type { Connections, Snapshot } from './connections.ts'
import type { Envelope } from './envelope.ts'
import { createGraceRecovery } from './grace-recovery.ts'
import type { VaultMetrics } from './outcomes.ts'
import { type Connection, consentBinding } from './record.ts'
import { createRedeem } from './redemption.ts'
import { createIntents } from './refresh-intent.ts'
import { createRefreshReport, heldBack } from './refresh-report.ts'
import { endNotRenewable } from './refresh-transitions.ts'
import type { RotationPolicy } from './rotation.ts'
import { createTokenCommitter } from './token-committer.ts'
import { openRefreshToken } from './token-seal.ts'
import type { Uncommitted } from './uncommitted.ts'

/** Renews token sets: once per connection, across all replicas. */
export interface Refresher {
  /**
   * Returns the connection with a token set newer than the one in `snapshot`, made by this process or
   * by another; the same one if it cannot be renewed and has not ended yet by the store's clock.
   *
   * @param refused - Samsung has refused the access token: one that cannot be renewed is over, whatever
   *   the clock says.
   * @throws ServiceError `consent_required`, `refresh_in_progress`, `refresh_outcome_unknown`,
   *   `upstream_*`, `store_*`
   */
  refresh(snapshot: Snapshot, refused?: 'refused'): Promise<Snapshot>
  /** Resolves when nothing is under way, whoever waits for it. */
  idle(): Promise<void>
  /** From now on nothing begins that nobody has asked for. */
  stop(): void
}

export interface RefresherDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  /** The client of a program. */
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly rotationOf: (programId: string) => RotationPolicy
  readonly breaker: Pick<Breaker, 'admit' | 'refused' | 'accepted'>
  readonly uncommitted: Uncommitted
  readonly audit: Pick<Audit, 'note'>
  readonly settings: {
    readonly leaseMs: number
    readonly commitBudgetMs: number
    readonly backoffMinMs: number
    readonly backoffMaxMs: number
    readonly operatorRetryMs: number
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
  const { connections, envelope, clientOf, breaker, uncommitted, settings, clock } = deps
  const underWay = createUnderWay()
  const report = createRefreshReport(deps)
  const commitTokens = createTokenCommitter({ ...deps, report })
  const intents = createIntents({ ...deps, underWay })
  const recovery = createGraceRecovery({ ...deps, refresh })
  const redeem = createRedeem({ ...deps, commitTokens, intents, recovery, report })

  /** Whoever waits for it: tokens that are on their way must not be cut off. */
  function refresh(first: Snapshot, refused?: 'refused'): Promise<Snapshot> {
    return underWay.track(renew(first, refused))
  }

  async function renew(first: Snapshot, refused?: 'refused'): Promise<Snapshot> {
    const { generation, id } = first.connection
    const deadline = clock() + settings.timeoutMs
    let snapshot = first
    for (;;) {
      // Before an intent is written: one that cannot be opened must not leave one behind.
      if ((await openSpendable(snapshot.connection)) === null)
        return endWithoutRefreshToken(id, generation, refused)
      // The tokens that the stored one was spent for are here, and spending it again could end them.
      if (uncommitted.isHeld(id)) throw new ServiceError('store_unavailable', SOON)
      const client = clientOf(programOf(snapshot))
      await breaker.admit(programOf(snapshot), 'refresh', id)
      const { attempt, begun, held } = await intents.begin(id, generation)
      if (begun.kind === 'begun') {
        // Not what was seen before: after a failover there may be another token set of this generation.
        const spent = await openSpendable(held.connection)
        if (spent === null) return endWithoutRefreshToken(id, generation, refused)
        const { recovering } = begun
        return redeem(client, { connection: held.connection, attempt, recovering, spent })
      }
      if (begun.kind === 'moved') return byPeer(held)
      if (begun.kind === 'consent_required') throw new ServiceError('consent_required')
      if (begun.kind === 'backoff') throw heldBack(held, begun)
      if (clock() >= deadline) {
        report.ended(held.connection, 'busy_timeout')
        throw new ServiceError('refresh_in_progress', SOON)
      }
      await nextChange(held, Math.min(deadline, clock() + begun.until - held.serverNow))
      const reread = await connections.read(id)
      if (reread === null) throw new ServiceError('not_found')
      snapshot = reread
    }
  }

  async function openSpendable(connection: Connection): Promise<Secret | null> {
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    return openRefreshToken(dataKey, consentBinding(connection))
  }

  /** The store's clock decides: what it writes is for good, and this process's clock may be wrong. */
  async function endWithoutRefreshToken(
    id: string,
    generation: number,
    refused?: 'refused',
  ): Promise<Snapshot> {
    let isOver = false
    const end = (current: Connection, now: EpochMs) => {
      isOver = refused !== undefined || consentBinding(current).tokenSet.accessExpiresAt <= now
      return isOver ? endNotRenewable(current, generation, now) : null
    }
    const updated = await connections.update(id, end, { durable: true, confirm: true })
    if (updated === null) throw new ServiceError('not_found')
    if (updated.connection.generation !== generation) return byPeer(updated)
    if (!isOver) return updated
    report.ended(updated.connection, 'reauth_correct')
    throw new ServiceError('consent_required')
  }

  function byPeer(snapshot: Snapshot): Snapshot {
    report.ended(snapshot.connection, 'fresh_by_peer')
    return snapshot
  }

  /** Waits until the stored connection changes, at most until `until`. */
  async function nextChange({ connection, version }: Snapshot, until: EpochMs): Promise<void> {
    while (clock() < until) {
      await sleep(settings.pollMs)
      if ((await connections.version(connection.id)) !== version) return
    }
  }

  return { refresh, idle: underWay.idle, stop: recovery.stop }
}

const SOON = { retryAfterSeconds: 1 }

const programOf = ({ connection }: Snapshot): string => consentBinding(connection).program
