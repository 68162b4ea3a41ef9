import { assertNotFrozen, type FreezeCheck } from '../access/freezes.ts'
import type { Portal } from '../config/config.ts'
import type { OnTokens, SamsungAccountClient } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import { newAttemptId, newConnectionId } from '../shared/ids.ts'
import { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'
import type { Snapshot } from '../vault/connections.ts'
import type { Envelope } from '../vault/envelope.ts'
import { consentBinding } from '../vault/record.ts'
import { aboutSession } from './audited.ts'
import { CODE_FIELD } from './browser-flow.ts'
import {
  assertOpen,
  assertProof,
  type CompletionProof,
  freezeScopeOf,
  placeOfSession,
} from './completion-checks.ts'
import { isUntouched } from './completion-failure.ts'
import { createGiveUp, type GiveUpDeps, type HeldCode } from './give-up.ts'
import type { ConnectSession } from './session-record.ts'
import { beginExchange, finishSession } from './session-transitions.ts'
import type { Exchange, StoreConsent } from './store-consent.ts'

export interface CompleteSessionDeps extends GiveUpDeps {
  readonly envelope: Envelope
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly storeConsent: StoreConsent
  readonly freezes: FreezeCheck
}

/**
 * Finishes a session in the portal user's own session, and only now spends Samsung's code.
 *
 * Repeated with the same proof it returns the same connection. It throws ServiceError `not_found`,
 * `invalid_request` for a wrong proof, `session_not_ready`, `session_ended`, `code_expired`,
 * `completion_in_progress`, `connection_exists`, `account_mismatch`, `connection_frozen`, `upstream_*`,
 * `store_*`.
 */
export type CompleteSession = (
  portal: Portal,
  id: string,
  proof: CompletionProof,
) => Promise<Snapshot>

/** Spends the code, exactly once. @throws TokenRequestError, or what `onTokens` throws */
type Spend = (onTokens: OnTokens) => Promise<void>

/** Creates the use case that completes a connect session. */
export function createCompleteSession(deps: CompleteSessionDeps): CompleteSession {
  const { sessions, connections, directory, envelope, clientOf, storeConsent } = deps
  const { freezes, audit, clock, log } = deps
  const giveUp = createGiveUp(deps)

  return async function completeSession(portal, id, proof) {
    const found = await sessions.read(id)
    if (found === null || found.record.portalId !== portal.id) throw new ServiceError('not_found')
    assertProof(found.record, proof, found.serverNow)
    const done = await outcomeOf(found.record)
    if (done !== null) return done
    assertOpen(found.record, found.serverNow)
    await assertNotFrozen(freezes, freezeScopeOf(found.record))
    const [exchange, held] = await begin(found.record)
    const spend = await prepare(exchange, held).catch((error: unknown) =>
      giveUp(exchange, error, held),
    )
    const stored = await redeem(exchange, spend).catch((error: unknown) =>
      giveUp(exchange, error, isUntouched(error) ? held : undefined),
    )
    // Failing here leaves a connection that the next call finds.
    await sessions.update(id, (session) => finishSession(session), { durable: true })
    log.info('connected', { portalId: portal.id, connectionId: stored.connection.id })
    noteCompleted(found.record, stored)
    return stored
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
    const consent = stored && consentBinding(stored.connection).consent
    if (stored === null || consent?.by !== session.attempt) return null
    await sessions.update(session.id, (current) => finishSession(current))
    noteCompleted(session, stored)
    return stored
  }

  function noteCompleted(session: ConnectSession, { connection }: Snapshot): void {
    const about = { ...aboutSession(session), connectionId: connection.id }
    audit.note({ event: 'session_completed', ...about })
  }

  async function begin(session: ConnectSession): Promise<readonly [Exchange, HeldCode]> {
    const attempt = newAttemptId()
    const connectionId = reconnected(session) ?? newConnectionId(clock())
    const exchange: Exchange = { session, attempt, connectionId }
    let held: HeldCode | undefined
    const change = (current: ConnectSession, now: EpochMs) => {
      const { phase, code, dataKey } = current
      const isHeld = phase === 'awaiting_completion' && code !== undefined && dataKey !== undefined
      held = isHeld ? { code, dataKey } : undefined
      const until = now + deps.settings.leaseMs
      return isHeld ? beginExchange(current, attempt, connectionId, until) : null
    }
    await sessions
      .update(session.id, change, { durable: true })
      .catch((error: unknown) => giveUp(exchange, error, held))
    if (held === undefined)
      throw new ServiceError('completion_in_progress', { retryAfterSeconds: 1 })
    return [exchange, held]
  }

  /** All that can go wrong before the code leaves this process; what is left is to spend it. */
  async function prepare(exchange: Exchange, held: HeldCode): Promise<Spend> {
    const { session, connectionId } = exchange
    const client = clientOf(session.program)
    if (session.reconnects === undefined) {
      const other = await directory.claim(placeOfSession(session), connectionId)
      if (other !== null) throw new ServiceError('connection_exists', { connectionId: other })
    }
    const dataKey = await envelope.open(session.id, held.dataKey)
    const code = new Secret(dataKey.open(CODE_FIELD, held.code))
    return (onTokens) => client.exchangeCode(code, onTokens)
  }

  async function redeem(exchange: Exchange, spend: Spend): Promise<Snapshot> {
    let stored: Snapshot | undefined
    await spend(async (received) => {
      stored = await storeConsent(exchange, received)
    })
    if (stored === undefined) throw new TypeError('a token request ended without tokens')
    return stored
  }
}

const reconnected = (session: ConnectSession) => session.reconnects as `conn_${string}` | undefined
