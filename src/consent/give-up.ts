import type { Audit } from '../audit/audit.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import type { UnderWay } from '../shared/under-way.ts'
import type { Connections } from '../vault/connections.ts'
import type { Directory } from '../vault/directory.ts'
import { isStoreAway, persist } from '../vault/persist.ts'
import type { Uncommitted } from '../vault/uncommitted.ts'
import { aboutSession } from './audited.ts'
import { placeOfSession } from './completion-checks.ts'
import { toldAbout } from './completion-failure.ts'
import type { ConnectSession } from './session-record.ts'
import { failSession, undoExchange } from './session-transitions.ts'
import type { Sessions } from './sessions.ts'
import type { Exchange } from './store-consent.ts'

/** Samsung's code as the session keeps it. */
export interface HeldCode {
  readonly code: string
  readonly dataKey: string
}

/**
 * Ends the session, or puts an untouched code back; and throws what the portal is told.
 *
 * @param untouched - The code that never left, if it did not.
 */
export type GiveUp = (exchange: Exchange, error: unknown, untouched?: HeldCode) => Promise<never>

export interface GiveUpDeps {
  readonly sessions: Sessions
  readonly connections: Connections
  readonly directory: Directory
  readonly uncommitted: Pick<Uncommitted, 'isHeld'>
  readonly underWay: UnderWay
  readonly settings: { readonly leaseMs: number; readonly pollMs: number }
  readonly clock: Clock
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

/** Creates the end of a completion that brought nothing. */
export function createGiveUp(deps: GiveUpDeps): GiveUp {
  const { sessions, connections, directory, uncommitted, underWay, settings, clock, log } = deps

  return async function giveUp(exchange, error, untouched) {
    const told = toldAbout(error)
    const failure = told instanceof ServiceError ? told.code : 'internal_error'
    const { portalId } = exchange.session
    log.warn('completion_failed', { portalId, code: failure, error: told })
    deps.audit.note({
      event: 'session_failed',
      outcome: failure,
      reason: untouched === undefined ? undefined : 'may_be_repeated',
      ...aboutSession(exchange.session),
    })
    // The connection is on its way, and the next call will find it.
    if (uncommitted.isHeld(exchange.connectionId)) throw told
    const end = () =>
      settle(exchange, (session) =>
        untouched === undefined ? failSession(session, failure) : undoExchange(session, untouched),
      )
    const unsettled = (reason: unknown) =>
      log.warn('completion_not_settled', { portalId, error: reason })
    await end().catch((reason: unknown) => {
      if (isStoreAway(reason)) settleLater(end, unsettled)
      else unsettled(reason)
    })
    throw told
  }

  /** Behind the caller's back, until the lease ends the session: no customer signs in again for this. */
  function settleLater(end: () => Promise<void>, unsettled: (reason: unknown) => void): void {
    const { leaseMs, pollMs } = settings
    const settled = persist(end, { commitBudgetMs: leaseMs, pollMs, clock })
    void underWay.track(settled.catch(unsettled))
  }

  async function settle(
    { session, attempt, connectionId }: Exchange,
    change: (session: ConnectSession) => ConnectSession,
  ): Promise<void> {
    await sessions.update(session.id, (current) =>
      current.attempt === attempt ? change(current) : null,
    )
    if (session.reconnects !== undefined || (await connections.read(connectionId)) !== null) return
    await directory.remove(placeOfSession(session), connectionId)
  }
}
