import type { Breaker } from '../breaker/breaker.ts'
import { type SamsungAccountClient, TokenRequestError } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { EpochMs } from '../shared/time.ts'
import type { Snapshot } from './connections.ts'
import { tokenFailure } from './failures.ts'
import type { GraceRecovery } from './grace-recovery.ts'
import { type Connection, consentBinding } from './record.ts'
import type { Intents } from './refresh-intent.ts'
import { outcomeOf, type RefreshReport } from './refresh-report.ts'
import { type BackoffPolicy, failRefresh } from './refresh-transitions.ts'
import type { CommitTokens, Redemption } from './token-committer.ts'

export interface RedemptionDeps {
  readonly commitTokens: CommitTokens
  readonly intents: Intents
  readonly recovery: GraceRecovery
  readonly breaker: Pick<Breaker, 'refused' | 'accepted'>
  readonly report: RefreshReport
  readonly settings: BackoffPolicy
  readonly log: Log
}

/**
 * Spends a refresh token whose intent is written, with one request, and stores what comes back, or what is
 * known about the token then.
 *
 * @throws ServiceError
 */
export type Redeem = (client: SamsungAccountClient, redemption: Redemption) => Promise<Snapshot>

/** Creates the middle of an attempt, between its intent and its end. */
export function createRedeem(deps: RedemptionDeps): Redeem {
  const { commitTokens, intents, recovery, breaker, report, settings, log } = deps

  return async function redeem(client, redemption) {
    const { connection, attempt, recovering, spent } = redemption
    const { id } = connection
    const { program } = consentBinding(connection)
    if (recovering) log.warn('recovery_begun', { connectionId: id, attempt: attempt.attempt })
    let committed: Snapshot | undefined
    try {
      await client.refresh(spent, async (received) => {
        try {
          committed = await commitTokens(redemption, received)
        } finally {
          await breaker.accepted(program, 'refresh', id)
        }
      })
    } catch (error) {
      if (!(error instanceof TokenRequestError)) throw error
      await tellBreaker(connection, error)
      return giveUp(redemption, error)
    }
    if (committed === undefined) throw new TypeError('a token request ended without tokens')
    return committed
  }

  /** A refusal that concerns the customer is made by somebody who has accepted our credentials. */
  async function tellBreaker(connection: Connection, { kind, upstream }: TokenRequestError) {
    const { program } = consentBinding(connection)
    if (kind === 'operator') await breaker.refused(program, 'refresh', connection.id, upstream)
    if (kind === 'customer') await breaker.accepted(program, 'refresh', connection.id)
  }

  async function giveUp(
    { connection, attempt, recovering }: Redemption,
    error: TokenRequestError,
  ): Promise<Snapshot> {
    const ended = () => report.ended(connection, outcomeOf(error, recovering), attempt.attempt)
    report.refused(connection, error)
    const told = tokenFailure(error)
    const { kind, retryAfterSeconds } = error
    const failure = { kind, retryAfterSeconds, code: told.code }
    let owned = false
    const end = (current: Connection, now: EpochMs) => {
      const next = failRefresh(current, attempt, failure, settings, now)
      owned = next !== null
      return next
    }
    const updated = await intents
      .end(connection.id, end, kind === 'customer', recovery.start)
      .catch((unwritten: unknown) => {
        ended()
        throw unwritten
      })
    if (updated === null) throw new ServiceError('not_found')
    // Somebody else committed while we were refused: theirs is the token, and ours was spent.
    if (updated.connection.generation !== attempt.generation) {
      report.ended(updated.connection, 'fresh_by_peer', attempt.attempt)
      return updated
    }
    ended()
    // Somebody else has taken over and may still bring tokens: our refusal decides nothing.
    if (!owned) throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
    recovery.start(updated)
    throw told
  }
}
