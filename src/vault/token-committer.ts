import type { ReceivedTokens } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock } from '../shared/time.ts'
import { commitTokenSet, restoreCommitted } from './commit-transitions.ts'
import type { ConnectionChange, Connections, Snapshot } from './connections.ts'
import type { Envelope } from './envelope.ts'
import type { VaultMetrics } from './outcomes.ts'
import { persist } from './persist.ts'
import { type Connection, consentBinding, consentedAt } from './record.ts'
import type { RefreshReport } from './refresh-report.ts'
import type { RefreshAttempt } from './refresh-transitions.ts'
import { sealTokens } from './token-seal.ts'
import type { Uncommitted } from './uncommitted.ts'

export interface TokenCommitterDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  readonly uncommitted: Uncommitted
  readonly report: RefreshReport
  readonly settings: { readonly commitBudgetMs: number; readonly pollMs: number }
  readonly clock: Clock
  readonly log: Log
  readonly metrics: VaultMetrics
}

/** An attempt, and what it spends. */
export interface Redemption {
  readonly connection: Connection
  readonly attempt: RefreshAttempt
  readonly recovering: boolean
  /** The refresh token. */
  readonly spent: Secret
}

/** Stores the tokens of a finished attempt, and reports how it ended. @throws ServiceError `store_*`, `not_found` */
export type CommitTokens = (redemption: Redemption, received: ReceivedTokens) => Promise<Snapshot>

/** Callers wait this long for a store that is away; what they wait for is stored all the same. */
const PATIENCE_MS = 500

/**
 * Creates the one place where renewed tokens become durable.
 *
 * What it holds may be the only copy of the customer's consent. So it goes on trying behind the back of a
 * caller who has been told that the store is away.
 */
export function createTokenCommitter(deps: TokenCommitterDeps): CommitTokens {
  const { connections, envelope, uncommitted, report, settings, clock, log, metrics } = deps

  return async function commitTokens(redemption, received) {
    const { connection, attempt, spent } = redemption
    const { id, program } = consentBinding(connection)
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    const sealed = sealTokens(dataKey, id, attempt.generation + 1, received, spent)
    const commit: ConnectionChange = (current, now) =>
      // A failover may have taken the generation back, and somebody has consented again since.
      consentedAt(current) > consentedAt(connection)
        ? null
        : commitTokenSet(current, attempt, sealed, now)
    const onRetry = () => metrics.refresh(program, 'persist_retry')
    const write = async () => {
      const options = { durable: true, confirm: true }
      const stored = await connections.update(connection.id, commit, options)
      if (stored !== null && end(redemption, stored.connection))
        connections.remember(connection.id, restoreCommitted(stored.connection))
      return stored
    }
    const commitBudgetMs = Math.min(settings.commitBudgetMs, PATIENCE_MS)
    const stored = await persist(write, { ...settings, commitBudgetMs, clock, onRetry }).catch(
      (error: unknown) => {
        const onLost = () => metrics.refresh(program, 'persist_lost')
        const store = async () => {
          onRetry()
          return (await write()) !== null
        }
        uncommitted.hold({ connectionId: connection.id, attempt: attempt.attempt, store, onLost })
        throw error
      },
    )
    if (stored === null) throw new ServiceError('not_found')
    return stored
  }

  /** Whether these tokens stand now; somebody else's do if the fence held them off. */
  function end({ attempt: { attempt }, recovering }: Redemption, stored: Connection): boolean {
    const isOurs = consentBinding(stored).tokenSet.committedBy === attempt
    if (!isOurs) {
      log.warn('refresh_fenced', {
        connectionId: stored.id,
        attempt,
        generation: stored.generation,
      })
    }
    const outcome = recovering ? 'recovered_after_uncertain' : 'success'
    report.ended(stored, isOurs ? outcome : 'fresh_by_peer', attempt)
    return isOurs
  }
}
