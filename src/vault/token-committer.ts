import type { ReceivedTokens } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock } from '../shared/time.ts'
import type { Connections, Snapshot } from './connections.ts'
import type { Envelope } from './envelope.ts'
import type { VaultMetrics } from './outcomes.ts'
import { persist } from './persist.ts'
import { type Connection, currentBinding } from './record.ts'
import { commitTokenSet, type RefreshAttempt } from './refresh-transitions.ts'
import { sealTokens } from './token-seal.ts'

export interface TokenCommitterDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  readonly settings: { readonly commitBudgetMs: number; readonly pollMs: number }
  readonly clock: Clock
  readonly log: Log
  readonly metrics: VaultMetrics
}

/** Stores the tokens of a finished attempt. @throws ServiceError `store_*`, `not_found` */
export type CommitTokens = (
  connection: Connection,
  attempt: RefreshAttempt,
  received: ReceivedTokens,
  spent: Secret,
) => Promise<Snapshot>

/**
 * Creates the one place where renewed tokens become durable.
 *
 * It tries again while the store is away, because what it holds may be the only copy of the
 * customer's consent.
 */
export function createTokenCommitter(deps: TokenCommitterDeps): CommitTokens {
  const { connections, envelope, settings, clock, log, metrics } = deps

  return async function commitTokens(connection, attempt, received, spent) {
    const { id, program } = currentBinding(connection)
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    const sealed = sealTokens(dataKey, id, attempt.generation + 1, received, spent)
    const write = () =>
      connections.update(
        connection.id,
        (current, now) => commitTokenSet(current, attempt, sealed, now),
        { durable: true },
      )
    const onRetry = () => metrics.refresh(program, 'persist_retry')
    const stored = await persist(write, { ...settings, clock, onRetry }).catch((error: unknown) => {
      metrics.refresh(program, 'persist_lost')
      throw error
    })
    if (stored === null) throw new ServiceError('not_found')
    noteFenced(stored.connection, attempt)
    return stored
  }

  function noteFenced(stored: Connection, { attempt }: RefreshAttempt): void {
    if (currentBinding(stored).tokenSet.committedBy === attempt) return
    const { id, generation } = stored
    log.warn('refresh_fenced', { connectionId: id, attempt, generation })
  }
}
