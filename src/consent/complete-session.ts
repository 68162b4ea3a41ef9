import type { Portal } from '../config/config.ts'
import { type SamsungAccountClient, TokenRequestError } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import { newAttemptId, newConnectionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { Secret } from '../shared/secret.ts'
import type { Clock } from '../shared/time.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import type { Directory } from '../vault/directory.ts'
import type { Envelope } from '../vault/envelope.ts'
import { tokenFailure } from '../vault/failures.ts'
import { currentBinding } from '../vault/record.ts'
import { CODE_FIELD } from './browser-flow.ts'
import { assertOpen, assertProof, type CompletionProof } from './completion-checks.ts'
import type { ConnectSession } from './session-record.ts'
import { beginExchange, failSession, finishSession, undoExchange } from './session-transitions.ts'
import type { Sessions } from './sessions.ts'
import type { Exchange, StoreConsent } from './store-consent.ts'

export interface CompleteSessionDeps {
  readonly sessions: Sessions
  readonly connections: Connections
  readonly directory: Directory
  readonly envelope: Envelope
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly storeConsent: StoreConsent
  readonly settings: { readonly leaseMs: number }
  readonly clock: Clock
  readonly log: Log
}

/**
 * Finishes a session in the portal user's own session, and only now spends Samsung's code.
 *
 * Repeated with the same proof it returns the same connection. It throws ServiceError `not_found`,
 * `invalid_request` for a wrong proof, `session_not_ready`, `session_ended`, `code_expired`,
 * `completion_in_progress`, `connection_exists`, `account_mismatch`, `upstream_*`, `store_*`.
 */
export type CompleteSession = (
  portal: Portal,
  id: string,
  proof: CompletionProof,
) => Promise<Snapshot>

interface HeldCode {
  readonly code: string
  readonly dataKey: string
}

/** Creates the use case that completes a connect session. */
export function createCompleteSession(deps: CompleteSessionDeps): CompleteSession {
  const { sessions, connections, directory, envelope, clientOf, storeConsent, clock, log } = deps

  return async function completeSession(portal, id, proof) {
    const found = await sessions.read(id)
    if (found === null || found.record.portalId !== portal.id) throw new ServiceError('not_found')
    assertProof(found.record, proof, found.serverNow)
    const done = await outcomeOf(found.record)
    if (done !== null) return done
    assertOpen(found.record, found.serverNow)
    const [exchange, held] = await begin(found.record)
    try {
      const stored = await redeem(exchange, held)
      await sessions.update(id, (session) => finishSession(session), { durable: true })
      log.info('connected', { portalId: portal.id, connectionId: stored.connection.id })
      return stored
    } catch (error) {
      throw await giveUp(exchange, held, error)
    }
  }

  /** The connection of a session that is completed, or whose exchange ended before it was noted. */
  async function outcomeOf(session: ConnectSession): Promise<Snapshot | null> {
    if (session.connectionId === undefined) return null
    const stored = await connections.read(session.connectionId)
    if (session.phase === 'completed') {
      if (stored === null)
        throw new ServiceError('session_ended', { detail: 'the connection was deleted' })
      return stored
    }
    const committedBy = stored && currentBinding(stored.connection).tokenSet.committedBy
    if (stored === null || committedBy !== session.attempt) return null
    await sessions.update(session.id, (current) => finishSession(current))
    return stored
  }

  async function begin(session: ConnectSession): Promise<readonly [Exchange, HeldCode]> {
    const attempt = newAttemptId()
    const connectionId = reconnected(session) ?? newConnectionId(clock())
    let held: HeldCode | undefined
    const updated = await sessions.update(
      session.id,
      (current, now) => {
        held = undefined
        const { phase, code, dataKey } = current
        if (phase !== 'awaiting_completion' || code === undefined || dataKey === undefined)
          return null
        held = { code, dataKey }
        return beginExchange(current, attempt, connectionId, now + deps.settings.leaseMs)
      },
      { durable: true },
    )
    if (updated === null || held === undefined)
      throw new ServiceError('completion_in_progress', { retryAfterSeconds: 1 })
    return [{ session: updated.snapshot.record, attempt, connectionId }, held]
  }

  async function redeem(exchange: Exchange, held: HeldCode): Promise<Snapshot> {
    const { session, connectionId } = exchange
    const { portalId, program: programId, tenantRef } = session
    if (session.reconnects === undefined) {
      const other = await directory.claim({ portalId, programId, tenantRef }, connectionId)
      if (other !== null) throw new ServiceError('connection_exists', { connectionId: other })
    }
    const dataKey = await envelope.open(session.id, held.dataKey)
    const code = new Secret(dataKey.open(CODE_FIELD, held.code))
    let stored: Snapshot | undefined
    await clientOf(programId).exchangeCode(code, async (received) => {
      stored = await storeConsent(exchange, received)
    })
    if (stored === undefined) throw new TypeError('a token request ended without tokens')
    return stored
  }

  /** Ends the session, or puts an untouched code back; and says what the portal is told. */
  async function giveUp(exchange: Exchange, held: HeldCode, error: unknown): Promise<unknown> {
    const { session, connectionId } = exchange
    const untouched =
      error instanceof TokenRequestError && ['not_sent', 'transient'].includes(error.kind)
    const told = toldAbout(error)
    const failure = told instanceof ServiceError ? told.code : 'internal_error'
    log.warn('completion_failed', { portalId: session.portalId, code: failure, error: told })
    await sessions.update(session.id, (current) =>
      current.attempt !== exchange.attempt
        ? null
        : untouched
          ? undoExchange(current, held)
          : failSession(current, failure),
    )
    if (session.reconnects === undefined && failure !== 'connection_exists') {
      const { portalId, program: programId, tenantRef } = session
      const stored = await connections.read(connectionId)
      if (stored === null) await directory.remove({ portalId, programId, tenantRef }, connectionId)
    }
    return told
  }
}

const reconnected = (session: ConnectSession) => session.reconnects as `conn_${string}` | undefined

function toldAbout(error: unknown): unknown {
  if (!(error instanceof TokenRequestError)) return error
  const { upstream } = error
  if (error.kind === 'customer') return new ServiceError('code_expired', { upstream })
  if (error.kind === 'ambiguous')
    return new ServiceError('session_ended', {
      detail: 'the outcome of the exchange is unknown',
      upstream,
    })
  return tokenFailure(error)
}
