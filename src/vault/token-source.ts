import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { Connections, Snapshot } from './connections.ts'
import { backoffMs } from './due.ts'
import type { Envelope } from './envelope.ts'
import { createFlights } from './flights.ts'
import type { HandOut } from './hand-out.ts'
import { createHandOutCache } from './hand-out-cache.ts'
import {
  assertUsable,
  dueAtOf,
  type HandOutPolicy,
  type HandOutRequest,
  planHandOut,
} from './hand-out-plan.ts'
import type { Mint } from './minter.ts'
import type { ProgramTokens } from './program-tokens.ts'
import { type Connection, consentBinding, currentBinding, hasConsent } from './record.ts'
import { openKnoxToken } from './token-seal.ts'

export interface TokenSource {
  /** What {@link handOut} would give without asking anybody, or null when it has to ask. */
  peek(portalId: string, connectionId: string, minTtlMs: number): HandOut | null
  /** What it would give after asking the store only whether the record has changed, or null. */
  confirm(portalId: string, connectionId: string, minTtlMs: number): Promise<HandOut | null>
  /**
   * Gives a live Knox credential, made now if none is kept.
   *
   * @throws ServiceError `not_found` (also for another portal's connection), `consent_required`,
   *   `connection_frozen`, `refresh_*`, `upstream_*`, `store_*`
   */
  handOut(portalId: string, connectionId: string, request: HandOutRequest): Promise<HandOut>
  /** Forgets what is kept in this process, after a change that must act at once. */
  forget(connectionId: string): void
  /** Resolves when no work is under way. */
  idle(): Promise<void>
}

export interface TokenSourceDeps {
  readonly connections: Connections
  readonly envelope: Envelope
  readonly mint: Mint
  readonly programTokens: Pick<ProgramTokens, 'get' | 'idle'>
  readonly settings: HandOutPolicy & {
    readonly localCacheMs: number
    readonly backoffMinMs: number
    readonly backoffMaxMs: number
    /** How long a caller waits for work that is under way. */
    readonly waitMs: number
  }
  readonly clock: Clock
  readonly log: Log
}

/** A caller whose wish this many new tokens did not fill is told to come back. */
const MAX_ROUNDS = 3

/**
 * Creates the token source. In front of everything stands a copy of at most one second; behind it
 * the sealed token in the record, shared by all replicas; behind that the minter, one flight per
 * connection and process.
 */
export function createTokenSource(deps: TokenSourceDeps): TokenSource {
  const { connections, envelope, mint, programTokens, settings, clock, log } = deps
  const flights = createFlights<Snapshot>()
  const cache = createHandOutCache(settings.localCacheMs)
  const renewals = new Map<string, { failures: number; retryAt: EpochMs }>()

  /** @param askedAt - When the store was asked: what it said since then may be different. */
  async function open(snapshot: Snapshot, askedAt: EpochMs): Promise<HandOut> {
    const { connection, version } = snapshot
    const binding = consentBinding(connection)
    const dataKey = await envelope.open(connection.id, connection.dataKey)
    const value = openKnoxToken(dataKey, binding)
    if (value === null || binding.knoxToken === undefined)
      throw new TypeError('the minter returned a connection without a token')
    const { headerName, tokenId, expiresAt } = binding.knoxToken
    const handOut = { programId: binding.program, headerName, value, tokenId, expiresAt }
    cache.put(connection.id, {
      handOut,
      version,
      portalId: connection.portalId,
      dueAt: dueAtOf(connection, binding.knoxToken),
      checkedAt: askedAt,
    })
    return handOut
  }

  /** Mints; what ends the connection's use ends it here as well, without waiting for the copy to age. */
  async function mintOrForget(connectionId: string, request: HandOutRequest): Promise<Snapshot> {
    try {
      return await mint(connectionId, request)
    } catch (error) {
      if (error instanceof ServiceError && !error.retryable) cache.forget(connectionId)
      throw error
    }
  }

  function renewLater(connectionId: string, request: HandOutRequest): void {
    if ((renewals.get(connectionId)?.retryAt ?? 0) > clock()) return
    const work = async () => {
      const snapshot = await mintOrForget(connectionId, request)
      renewals.delete(connectionId)
      return snapshot
    }
    flights.start(connectionId, work, (error) => {
      const failures = (renewals.get(connectionId)?.failures ?? 0) + 1
      const waitMs = backoffMs(failures, settings.backoffMinMs, settings.backoffMaxMs)
      renewals.set(connectionId, { failures, retryAt: clock() + waitMs })
      log.warn('renewal_failed', { connectionId, error })
    })
  }

  async function fresh(
    portalId: string,
    connectionId: string,
    request: HandOutRequest,
  ): Promise<HandOut> {
    let askedAt = clock()
    let snapshot = await connections.read(connectionId)
    for (let round = 0; ; round++) {
      if (snapshot === null || snapshot.connection.portalId !== portalId)
        throw new ServiceError('not_found')
      assertUsable(snapshot.connection)
      const shared = await handOutShared(snapshot.connection, request)
      if (shared !== null) return shared
      const plan = planHandOut(snapshot.connection, request, settings, clock())
      if (plan === 'serve_and_renew') renewLater(connectionId, request)
      if (plan !== 'mint') return open(snapshot, askedAt)
      if (round === MAX_ROUNDS)
        throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
      const work = () => mintOrForget(connectionId, request)
      askedAt = clock()
      snapshot = await flights.join(connectionId, work, settings.waitMs)
    }
  }

  /** The token of the connection's program, for kinds where that serves all; else null. */
  async function handOutShared(
    connection: Connection,
    request: HandOutRequest,
  ): Promise<HandOut | null> {
    const binding = currentBinding(connection)
    if (hasConsent(binding)) return null
    const { program: programId, managedTenantId } = binding
    // What one customer's calls have seen does not have everybody's token replaced at will.
    const token = await programTokens.get(programId, connection.id, { ...request, force: false })
    return { programId, ...token, ...(managedTenantId === undefined ? {} : { managedTenantId }) }
  }

  async function confirm(
    portalId: string,
    connectionId: string,
    minTtlMs: number,
  ): Promise<HandOut | null> {
    const known = cache.version(connectionId)
    const askedAt = clock()
    if (known === null || (await connections.version(connectionId)) !== known) return null
    cache.confirm(connectionId, known, askedAt)
    return cache.get(connectionId, portalId, minTtlMs, askedAt)
  }

  return {
    peek: (portalId, connectionId, minTtlMs) =>
      cache.get(connectionId, portalId, minTtlMs, clock()),

    confirm,

    async handOut(portalId, connectionId, request) {
      const kept =
        request.rejected === undefined
          ? await confirm(portalId, connectionId, request.minTtlMs)
          : null
      return kept ?? fresh(portalId, connectionId, request)
    },

    forget(connectionId) {
      cache.forget(connectionId)
      renewals.delete(connectionId)
    },
    async idle() {
      await Promise.all([flights.idle(), programTokens.idle()])
    },
  }
}
