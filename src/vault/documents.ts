import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import { type EpochMs, sleep } from '../shared/time.ts'
import { documentKey, type Store, type WriteResult } from './store.ts'

/** A document as it was read: what a compare-and-set needs to replace exactly this. */
export interface DocumentSnapshot<T> {
  readonly record: T
  readonly revision: number
  readonly version: string
  /** The store's clock when it was read. */
  readonly serverNow: EpochMs
}

/** A pure change: the record to write, or null to leave it as it is. */
export type Change<T> = (record: T, serverNow: EpochMs) => T | null

export interface Updated<T> {
  /** `written`, or `unchanged` because the change said so. */
  readonly outcome: 'written' | 'unchanged'
  /** The document after the update, or as it was found. */
  readonly snapshot: DocumentSnapshot<T>
}

export interface UpdateOptions {
  /** Succeed only when replicas have the write as configured. */
  readonly durable?: boolean
  /**
   * With `durable`: also when nothing had to be written. What a change finds done already may be its own
   * earlier write, applied and not yet replicated.
   */
  readonly confirm?: boolean
}

/** Reads and changes documents of one type. */
export interface Documents<T> {
  read(id: string): Promise<DocumentSnapshot<T> | null>
  /** The stored version, or null; much cheaper than reading. */
  version(id: string): Promise<string | null>
  /** Stores a document that is not there yet; false when the id is taken. */
  create(id: string, record: T, options?: UpdateOptions): Promise<boolean>
  /**
   * Applies a pure change by compare-and-set; on a lost race it reads again and asks `change` again.
   *
   * @returns null when there is no such document.
   * @throws ServiceError `store_unavailable`, also when the outcome stayed unknown; `store_not_durable`
   */
  update(id: string, change: Change<T>, options?: UpdateOptions): Promise<Updated<T> | null>
}

export interface DocumentsDeps<T> {
  readonly store: Store
  /** @throws ServiceError `record_unreadable` */
  readonly parse: (text: string) => T
  /** The id that a record says it has. One that was copied to another's place must not be believed. */
  readonly idOf?: (record: T) => string
  /** How long a record is kept after it is written; undefined: for ever. */
  readonly lifetimeMs: (record: T) => number | undefined
}

/** Races against other writers are short; more than this many lost ones in a row are a defect. */
const MAX_RACES = 50
/** How often one write is sent again under the same write id, and for how long, until all is known. */
const RESENDS = 3
const RESEND_WITHIN_MS = 1000
/** A store that answers at once that it does not know is given this long between two sendings. */
const PAUSE_MS = 10

/** Creates the documents of one type over a store. */
export function createDocuments<T>(deps: DocumentsDeps<T>): Documents<T> {
  const { store, parse, idOf, lifetimeMs } = deps

  async function read(id: string): Promise<DocumentSnapshot<T> | null> {
    const { document, serverNow } = await store.read(documentKey(id))
    if (document === null) return null
    const { revision, version, text } = document
    const record = parse(text)
    if (idOf !== undefined && idOf(record) !== id) throw new ServiceError('record_unreadable')
    return { record, revision, version, serverNow }
  }

  /** @param replaced - What was read, or null for what must not be there yet. */
  async function write(
    id: string,
    replaced: DocumentSnapshot<T> | null,
    record: T,
    durable: boolean,
  ): Promise<WriteResult & { readonly writeId: string }> {
    const writeId = newAttemptId()
    const expiresInMs = lifetimeMs(record)
    const options = {
      durable,
      ...(expiresInMs === undefined ? {} : { expiresInMs }),
      ...(replaced === null ? {} : { version: replaced.version }),
    }
    const revision = replaced?.revision ?? 0
    const text = JSON.stringify(record)
    const send = () => store.compareAndSet(documentKey(id), revision, text, writeId, options)
    return { ...(await settle(send, durable)), writeId }
  }

  /**
   * Sends what is stored once more under its own write id: nothing changes, and replicas are waited for.
   * It replaces nothing either: only the version that has this write id is named, and that one is known.
   */
  async function confirmStored(id: string, snapshot: DocumentSnapshot<T>): Promise<WriteResult> {
    const { record, revision, version } = snapshot
    const text = JSON.stringify(record)
    const options = { durable: true, version }
    const send = () => store.compareAndSet(documentKey(id), revision, text, version, options)
    return settle(send, true)
  }

  return {
    read,
    version: (id) => store.version(documentKey(id)),

    async create(id, record, { durable = false } = {}) {
      const result = await write(id, null, record, durable)
      return result.outcome !== 'lost'
    },

    async update(id, change, { durable = false, confirm = false } = {}) {
      for (let race = 0; race < MAX_RACES; race++) {
        const snapshot = await read(id)
        if (snapshot === null) return null
        const next = change(snapshot.record, snapshot.serverNow)
        if (next === null) {
          const isStale =
            durable && confirm && (await confirmStored(id, snapshot)).outcome === 'lost'
          if (isStale) continue
          return { outcome: 'unchanged', snapshot }
        }
        const result = await write(id, snapshot, next, durable)
        if (result.outcome === 'lost') continue
        const serverNow = result.serverNow ?? snapshot.serverNow
        const version = result.writeId
        const written = { record: next, revision: snapshot.revision + 1, version, serverNow }
        return { outcome: 'written', snapshot: written }
      }
      throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    },
  }
}

/**
 * Sends one write until its outcome is known and, if asked for, replicated.
 *
 * @param send - Always with the same write id, which makes it safe to repeat.
 * @throws ServiceError `store_unavailable`, `store_not_durable`
 */
async function settle(send: () => Promise<WriteResult>, durable: boolean): Promise<WriteResult> {
  const startedAt = performance.now()
  for (let sent = 0; ; sent++) {
    const result = await send()
    const { outcome } = result
    const isKnown = outcome !== 'ambiguous'
    if (outcome === 'lost' || (isKnown && (!durable || result.durable))) return result
    if (sent === RESENDS || performance.now() - startedAt >= RESEND_WITHIN_MS) {
      const code = isKnown ? 'store_not_durable' : 'store_unavailable'
      throw new ServiceError(code, { retryAfterSeconds: 1 })
    }
    await sleep(PAUSE_MS)
  }
}
