import type { Audit } from '../audit/audit.ts'
import type { SamsungAccountProgram } from '../config/config.ts'
import type { ReceivedTokens } from '../samsung-account/tokens.ts'
import { ServiceError } from '../shared/errors.ts'
import type { ConnectionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import { restoreCommitted } from '../vault/commit-transitions.ts'
import { FIRST_BINDING, newConnection, reconnect } from '../vault/connection-transitions.ts'
import type { Connections, Snapshot } from '../vault/connections.ts'
import type { Directory } from '../vault/directory.ts'
import type { DataKey, Envelope } from '../vault/envelope.ts'
import { isStoreAway, persist } from '../vault/persist.ts'
import { type Connection, consentBinding } from '../vault/record.ts'
import { sealEmail, sealTokens } from '../vault/token-seal.ts'
import type { Uncommitted } from '../vault/uncommitted.ts'
import { aboutSession } from './audited.ts'
import type { ConnectSession } from './session-record.ts'

/** The exchange that is under way: whose it is, and which connection it makes or renews. */
export interface Exchange {
  readonly session: ConnectSession
  readonly attempt: string
  readonly connectionId: ConnectionId
}

export interface StoreConsentDeps {
  readonly connections: Connections
  readonly directory: Directory
  readonly envelope: Envelope
  readonly uncommitted: Pick<Uncommitted, 'hold'>
  readonly kindOf: (programId: string) => SamsungAccountProgram['kind']
  readonly settings: { readonly commitBudgetMs: number; readonly pollMs: number }
  readonly clock: Clock
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
}

/**
 * Makes the connection out of a fresh consent, or renews it. Tokens that cannot be stored in time are held
 * and stored later, whatever is thrown: the customer has signed in and need not do so again.
 *
 * @throws ServiceError `account_mismatch`, `not_found` when the connection was deleted meanwhile,
 *   `store_*` when the store stayed away
 */
export type StoreConsent = (exchange: Exchange, received: ReceivedTokens) => Promise<Snapshot>

/** Creates the step between a consent's tokens and a stored connection. */
export function createStoreConsent(deps: StoreConsentDeps): StoreConsent {
  const { connections, directory, envelope, uncommitted, kindOf, settings, clock, audit, log } =
    deps

  /** Each write is safe to repeat, and gives the connection that stands then. */
  type Write = () => Promise<Snapshot | null>

  async function creation(exchange: Exchange, received: ReceivedTokens): Promise<Write> {
    const { session, attempt, connectionId: id } = exchange
    const { portalId, tenantRef, tenantName } = session
    const { wrapped, dataKey } = await envelope.create(id)
    const account = accountOf(dataKey, FIRST_BINDING, received)
    const connection = newConnection(
      {
        id,
        portalId,
        tenantRef,
        ...(tenantName === undefined ? {} : { tenantName }),
        program: session.program,
        kind: kindOf(session.program),
        dataKey: wrapped,
        ...(account === undefined ? {} : { account }),
        tokens: sealTokens(dataKey, FIRST_BINDING, 1, received),
        attempt,
      },
      clock(),
    )
    return async () => {
      await directory.add(portalId, id)
      await connections.create(connection)
      // One that an earlier try has made may not have reached the replicas yet.
      return connections.update(id, () => null, { durable: true, confirm: true })
    }
  }

  function renewal(exchange: Exchange, received: ReceivedTokens): Write {
    const { session, attempt, connectionId: id } = exchange
    return async () => {
      const found = await connections.read(id)
      if (found === null) return null
      const dataKey = await envelope.open(id, found.connection.dataKey)
      const change = (connection: Connection, now: number) => {
        const binding = consentBinding(connection)
        if (binding.consent?.by === attempt) return null
        assertSameAccount(session, binding.account?.id, received.userId)
        const account = accountOf(dataKey, binding.id, received)
        const made = {
          tokens: sealTokens(dataKey, binding.id, connection.generation + 1, received),
          attempt,
          ...(account === undefined ? {} : { account }),
          ...(session.tenantName === undefined ? {} : { tenantName: session.tenantName }),
        }
        return reconnect(connection, made, now)
      }
      const stored = await connections.update(id, change, { durable: true, confirm: true })
      if (stored !== null) {
        connections.remember(id, restoreCommitted(stored.connection))
        noteAccount(session, found.connection, received)
      }
      return stored
    }
  }

  function noteAccount(
    session: ConnectSession,
    before: Connection,
    { userId }: ReceivedTokens,
  ): void {
    const known = consentBinding(before).account?.id
    if (known === undefined || known === userId) return
    log.warn('account_changed', { connectionId: before.id })
    audit.note({ event: 'account_changed', ...aboutSession(session) })
  }

  return async function storeConsent(exchange, received) {
    const isNew = exchange.session.reconnects === undefined
    const write = isNew ? await creation(exchange, received) : renewal(exchange, received)
    const stored = await persist(write, { ...settings, clock }).catch((error: unknown) => {
      const { connectionId, attempt } = exchange
      const store = async () => (await write()) !== null
      if (isStoreAway(error)) uncommitted.hold({ connectionId, attempt, store, onLost: () => {} })
      throw error
    })
    if (stored === null) throw new ServiceError('not_found')
    return stored
  }
}

/** A reconnected customer is the same customer, unless the portal said that it may change. */
function assertSameAccount(
  { allowAccountChange, reconnects }: ConnectSession,
  stored: string | undefined,
  received: string | undefined,
): void {
  if (stored !== undefined && stored !== received && !allowAccountChange)
    throw new ServiceError(
      'account_mismatch',
      reconnects === undefined ? {} : { connectionId: reconnects },
    )
}

function accountOf(dataKey: DataKey, binding: string, { userId, email }: ReceivedTokens) {
  if (userId === undefined) return undefined
  const sealed = email === undefined ? {} : { email: sealEmail(dataKey, binding, email) }
  return { id: userId, ...sealed }
}
