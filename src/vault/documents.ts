import { ServiceError } from '../shared/errors.ts'
import { newAttemptId } from '../shared/ids.ts'
import type { EpochMs } from '../shared/time.ts'
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
/** How often one write is sent again under the same write id when no answer came. */
const RESENDS = 3

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

  async function write(
    id: string,
    revision: number,
    record: T,
    durable: boolean,
  ): Promise<WriteResult & { readonly writeId: string }> {
    const writeId = newAttemptId()
    const expiresInMs = lifetimeMs(record)
    const options = { durable, ...(expiresInMs === undefined ? {} : { expiresInMs }) }
    const text = JSON.stringify(record)
    for (let sent = 0; ; sent++) {
      const result = await store.compareAndSet(documentKey(id), revision, text, writeId, options)
      if (durable && !result.durable && (result.outcome === 'won' || result.outcome === 'already'))
        throw new ServiceError('store_not_durable', { retryAfterSeconds: 1 })
      if (result.outcome !== 'ambiguous') return { ...result, writeId }
      if (sent === RESENDS) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    }
  }

  return {
    read,
    version: (id) => store.version(documentKey(id)),

    async create(id, record, { durable = false } = {}) {
      const result = await write(id, 0, record, durable)
      return result.outcome !== 'lost'
    },

    async update(id, change, { durable = false } = {}) {
      for (let race = 0; race < MAX_RACES; race++) {
        const snapshot = await read(id)
        if (snapshot === null) return null
        const next = change(snapshot.record, snapshot.serverNow)
        if (next === null) return { outcome: 'unchanged', snapshot }
        const result = await write(id, snapshot.revision, next, durable)
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
