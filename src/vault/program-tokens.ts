import type { Breaker } from '../breaker/breaker.ts'
import { ServiceError } from '../shared/errors.ts'
import { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'
import { createDocuments, type DocumentSnapshot } from './documents.ts'
import { jitterOf, knoxTokenDueAt } from './due.ts'
import { createFlights } from './flights.ts'
import {
  type HandOutPolicy,
  type HandOutRequest,
  isGoodFor,
  type KeptToken,
} from './hand-out-plan.ts'
import { createProgramExchange, type ProgramExchangeDeps, TOKEN_FIELD } from './program-exchange.ts'
import {
  type ProgramTokenRecord,
  parseProgramToken,
  programTokenId,
  type SealedProgramToken,
} from './program-token-record.ts'
import type { Store } from './store.ts'

/** A live Knox token that serves all connections of its program. */
export interface ProgramToken {
  readonly headerName: string
  readonly value: Secret
  /** A fingerprint, for `rejected`. */
  readonly tokenId: string
  readonly expiresAt: EpochMs
}

/** The tokens of two-legged programs: one each, for all connections and all replicas. */
export interface ProgramTokens {
  /**
   * Gives the program's token, made now if none is kept that answers the request.
   *
   * @param connectionId - For which connection: it answers for the program at the breaker.
   * @throws ServiceError `upstream_*`, `store_*`, `refresh_in_progress`, `program_not_configured`,
   *   `audit_unavailable`
   */
  get(programId: string, connectionId: string, request: HandOutRequest): Promise<ProgramToken>
  /** Makes a new token, whatever is kept and however the last attempt ended. @throws ServiceError as `get` */
  replace(programId: string, connectionId: string): Promise<void>
  /** Resolves when no exchange is under way. */
  idle(): Promise<void>
}

export interface ProgramTokenSettings extends HandOutPolicy {
  readonly dueAtOf: (id: string, token: KeptToken) => EpochMs
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  readonly pollMs: number
  /** How long one attempt keeps the others waiting. */
  readonly leaseMs: number
  /** How long a caller waits for work that is under way. */
  readonly waitMs: number
  /** How long a token is handed out without asking the store: at most a second. */
  readonly localCacheMs: number
}

export interface ProgramTokensDeps
  extends Omit<ProgramExchangeDeps, 'documents' | 'settings' | 'breaker'> {
  readonly store: Store
  readonly breaker: Pick<Breaker, 'admit' | 'refused' | 'accepted'>
  readonly settings: Omit<ProgramTokenSettings, 'dueAtOf'>
}

/** A caller whose wish this many new tokens did not fill is told to come back. */
const MAX_ROUNDS = 3
/** Twice the longest life of a token: a record that nobody uses goes by itself. */
const LIFETIME_MS = 3_600_000

type Snapshot = DocumentSnapshot<ProgramTokenRecord>

interface Opened {
  readonly token: ProgramToken
  readonly sealed: SealedProgramToken
  /** When the store was asked. */
  checkedAt: EpochMs
}

/** Creates the tokens over a store. */
export function createProgramTokens(deps: ProgramTokensDeps): ProgramTokens {
  const { store, envelope, breaker, clock, log } = deps
  const documents = createDocuments<ProgramTokenRecord>({
    store,
    parse: parseProgramToken,
    idOf: ({ id }) => id,
    lifetimeMs: () => LIFETIME_MS,
  })
  /** Each with the time at which it began: who joins one later knows no more than it says. */
  const reads = createFlights<readonly [Snapshot | null, EpochMs]>()
  const flights = createFlights<Snapshot>()
  const opened = new Map<string, Opened>()
  const dueAtOf = (id: string, { mintedAt, expiresAt }: KeptToken): EpochMs =>
    knoxTokenDueAt(mintedAt, expiresAt, jitterOf(id))
  const { localCacheMs, waitMs } = deps.settings
  const settings = { ...deps.settings, dueAtOf }
  const exchange = createProgramExchange({ ...deps, documents, settings })
  /** By program: no renewal before this time, after one that failed. */
  const renewAgainAt = new Map<string, EpochMs>()

  async function read(programId: string): Promise<readonly [Snapshot | null, EpochMs]> {
    const askedAt = clock()
    return [await documents.read(programTokenId(programId)), askedAt]
  }

  /** @param askedAt - When the store was asked: what it said since then may be different. */
  async function open(
    programId: string,
    { record }: Snapshot,
    askedAt: EpochMs,
  ): Promise<ProgramToken> {
    const { token: sealed, dataKey: wrapped } = record
    if (sealed === undefined || wrapped === undefined) throw new ServiceError('record_unreadable')
    const known = opened.get(programId)
    if (known !== undefined && known.sealed.value === sealed.value) {
      opened.set(programId, { ...known, sealed, checkedAt: askedAt })
      return known.token
    }
    const dataKey = await envelope.open(record.id, wrapped)
    const value = new Secret(dataKey.open(TOKEN_FIELD, sealed.value))
    const { headerName, tokenId, expiresAt } = sealed
    const token = { headerName, value, tokenId, expiresAt }
    opened.set(programId, { token, sealed, checkedAt: askedAt })
    return token
  }

  /** What is kept in this process, if the store confirmed it a moment ago and it is good and not due. */
  function atHand(programId: string, request: HandOutRequest): ProgramToken | null {
    const kept = opened.get(programId)
    const now = clock()
    if (kept === undefined || now < kept.checkedAt || now - kept.checkedAt >= localCacheMs)
      return null
    const isDue = now >= dueAtOf(programTokenId(programId), kept.sealed)
    return !isDue && isGoodFor(kept.sealed, request, settings, now) ? kept.token : null
  }

  /** Held attempts end here, so that nobody who shares the work of others ends with them. */
  async function make(programId: string, connectionId: string, request: HandOutRequest) {
    await breaker.admit(programId, 'exchange', connectionId)
    return flights.join(programId, () => exchange(programId, connectionId, request), waitMs)
  }

  function renewLater(programId: string, connectionId: string, request: HandOutRequest): void {
    if ((renewAgainAt.get(programId) ?? 0) > clock()) return
    const work = async () => {
      await breaker.admit(programId, 'exchange', connectionId)
      return exchange(programId, connectionId, request)
    }
    flights.start(programId, work, (error) => {
      const { retryAfterSeconds = 1 } = error instanceof ServiceError ? error.extras : {}
      renewAgainAt.set(programId, clock() + retryAfterSeconds * 1000)
      log.warn('renewal_failed', { programId, error })
    })
  }

  return {
    async get(programId, connectionId, request) {
      const kept = atHand(programId, request)
      if (kept !== null) return kept
      let [snapshot, askedAt] = await reads.join(programId, () => read(programId), waitMs)
      for (let round = 0; ; round++) {
        const token = snapshot?.record.token
        const now = clock()
        if (snapshot && token !== undefined && isGoodFor(token, request, settings, now)) {
          if (now >= dueAtOf(programTokenId(programId), token))
            renewLater(programId, connectionId, request)
          return open(programId, snapshot, askedAt)
        }
        if (round === MAX_ROUNDS)
          throw new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })
        askedAt = clock()
        snapshot = await make(programId, connectionId, request)
      }
    },

    async replace(programId, connectionId) {
      const snapshot = await documents.read(programTokenId(programId))
      const rejected = snapshot?.record.token?.tokenId
      const request = { minTtlMs: 0, arrivedAt: clock(), force: true }
      await make(programId, connectionId, {
        ...request,
        ...(rejected === undefined ? {} : { rejected }),
      })
    },

    idle: () => flights.idle(),
  }
}
