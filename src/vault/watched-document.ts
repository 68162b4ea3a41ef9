import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { type Detached, detach } from '../shared/store-time.ts'
import { type Clock, type EpochMs, sleep } from '../shared/time.ts'
import { type Change, createDocuments, type DocumentSnapshot } from './documents.ts'
import type { Store } from './store.ts'

/** Fields of every watched document. */
export interface Watched {
  readonly id: string
  /** Moves by one with every change, and never back: by it a store that has lost changes is found out. */
  readonly sequence: number
}

/**
 * One small document that every process holds in memory and all of them change: asked on the hottest
 * path, and acted on everywhere within a second.
 */
export interface WatchedDocument<T extends Watched> {
  /** What this process knows: the same object until something changes. */
  current(): T
  /** Whether the store was asked less than `maxAgeMs` ago. */
  isFresh(maxAgeMs: number): boolean
  /** Asks the store, unless that is fresh. @returns false when it does not answer; then what is known stays */
  freshen(maxAgeMs: number): Promise<boolean>
  /**
   * Changes it durably, and returns it as it is then; this process acts on it at once. The pure change
   * leaves `sequence` alone, and returns null to leave everything.
   *
   * @throws ServiceError `store_unavailable`, `store_not_durable`, or what `change` throws
   */
  change(change: Change<T>): Promise<T>
  /** Reads it, and watches it until stopped. @throws ServiceError `store_unavailable`, `record_unreadable` */
  start(): Promise<void>
  stop(): void
}

export interface WatchedDocumentDeps<T extends Watched> {
  readonly store: Store
  /** What stands for the document before its first change; its sequence is 0. */
  readonly empty: T
  /** @throws ServiceError `record_unreadable` */
  readonly parse: (text: string) => T
  readonly clock: Clock
  readonly log: Log
}

/** How often the store is asked for the version: often enough for a second, with time for one slow answer. */
const POLL_MS = 400
/** Nothing that acts on a watched document goes by one that is older. */
export const WATCHED_MAX_AGE_MS = 1000

interface Copy<T> {
  readonly record: T
  readonly version: string | null
  /** When the store was asked, by this process's clock. */
  readonly askedAt: EpochMs
}

/** Creates the watch over one document. */
export function createWatchedDocument<T extends Watched>(
  deps: WatchedDocumentDeps<T>,
): WatchedDocument<T> {
  const { store, empty, parse, clock, log } = deps
  const { id } = empty
  const durable = { durable: true, confirm: true }
  const documents = createDocuments<T>({
    store,
    parse,
    idOf: (record) => record.id,
    lifetimeMs: () => undefined,
  })
  let copy: Copy<T> = { record: empty, version: null, askedAt: Number.NEGATIVE_INFINITY }
  /** Counts questions and answers to writes: what was overtaken must not be believed. */
  let turns = 0
  let learntIn = 0
  let asking: Detached<boolean> | null = null
  let isUnreadable = false
  let isStopped = false

  const isFresh = (maxAgeMs: number): boolean => {
    const ageMs = clock() - copy.askedAt
    return ageMs < maxAgeMs && ageMs >= 0
  }

  function learn(turn: number, next: Copy<T>): void {
    if (turn < learntIn) return
    learntIn = turn
    copy = next
  }

  async function ask(): Promise<void> {
    turns += 1
    const [turn, askedAt, held] = [turns, clock(), copy]
    const version = await documents.version(id)
    if (version === held.version) return learn(turn, { ...held, askedAt })
    const found = await documents.read(id)
    if (turn < learntIn) return
    const stored = found?.record ?? empty
    if (stored.sequence < copy.record.sequence) return restore(turn, askedAt)
    learn(turn, { record: stored, version: found?.version ?? null, askedAt })
  }

  /** The store has lost what it acknowledged, to a failover or a restart: it is given back what is known. */
  async function restore(turn: number, askedAt: EpochMs): Promise<void> {
    const { record: known } = copy
    log.warn('shared_document_restored', { operation: id })
    await documents.create(id, known, { durable: true })
    const newest = (stored: T) => (stored.sequence < known.sequence ? known : null)
    const updated = await documents.update(id, newest, durable)
    if (updated !== null) learn(turn, { ...copyOf(updated.snapshot), askedAt })
  }

  const copyOf = ({ record, version }: DocumentSnapshot<T>): Copy<T> => ({
    record,
    version,
    askedAt: clock(),
  })

  /** Damage is told once; that the store is away, others tell. */
  function noteFailure(error: unknown): false {
    if (!(error instanceof ServiceError)) throw error
    if (error.code === 'record_unreadable' && !isUnreadable)
      log.error('shared_document_unreadable', { operation: id })
    isUnreadable = error.code === 'record_unreadable'
    return false
  }

  const answered = (): Promise<boolean> =>
    ask()
      .then(() => {
        isUnreadable = false
        return true
      }, noteFailure)
      .finally(() => {
        asking = null
      })

  async function freshen(maxAgeMs: number): Promise<boolean> {
    if (isFresh(maxAgeMs)) return true
    asking ??= detach(answered)
    return asking.join().catch((error: unknown) => {
      if (error instanceof ServiceError) return false
      throw error
    })
  }

  async function watch(): Promise<void> {
    while (!isStopped) {
      await sleep(POLL_MS)
      if (!isStopped) await freshen(0)
    }
  }

  return {
    current: () => copy.record,
    isFresh,
    freshen,

    async change(change) {
      const numbered: Change<T> = (record, now) => {
        // What a failover took back must not be built upon.
        const base = record.sequence < copy.record.sequence ? copy.record : record
        const next = change(base, now)
        if (next === null) return base === record ? null : base
        return { ...next, sequence: base.sequence + 1 }
      }
      const update = () => documents.update(id, numbered, durable)
      let updated = await update()
      if (updated === null) {
        await documents.create(id, copy.record, { durable: true })
        updated = await update()
      }
      if (updated === null) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
      turns += 1
      learn(turns, copyOf(updated.snapshot))
      return updated.snapshot.record
    },

    async start() {
      await ask()
      void watch()
    },
    stop() {
      isStopped = true
    },
  }
}
