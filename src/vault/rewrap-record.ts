import { ServiceError } from '../shared/errors.ts'
import { createDocuments, type Documents } from './documents.ts'
import type { KeyRing } from './envelope.ts'
import type { Store } from './store.ts'
import { type KeyedRecord, kidOf, parseKeyedRecord } from './stored-keys.ts'

/** Wraps the data key of one connection with the active key; whether it was this call that did. */
export type RewrapRecord = (id: string) => Promise<boolean>

export interface RewrapRecordDeps {
  readonly store: Store
  readonly keyRing: KeyRing
  /** Whether a record counts as re-wrapped only when replicas have it. */
  readonly durable: boolean
}

/**
 * Creates the re-wrapping of single connections.
 *
 * The data key stays what it is, so that nothing sealed with it is touched, and whoever has it open goes on.
 * The record is read, and replaced by compare-and-set with nothing else changed; when somebody was faster,
 * what they wrote is taken and only its wrapped key replaced. A connection that is deleted meanwhile stays so.
 *
 * The function throws ServiceError `record_unreadable`, `store_unavailable`, `store_not_durable`; after the
 * last two it may be called again, and then also waits for the replicas that an earlier call had not reached.
 */
export function createRewrapRecord({ store, keyRing, durable }: RewrapRecordDeps): RewrapRecord {
  const documents = createDocuments<KeyedRecord>({
    store,
    parse: parseKeyedRecord,
    lifetimeMs: () => undefined,
  })
  /** What this process has written and cannot be sure of. */
  const unconfirmed = new Map<string, string>()

  async function wrapAgain(id: string, wrapped: string): Promise<string> {
    const dataKey = await keyRing.unwrap(wrapped, id)
    try {
      return await keyRing.wrap(dataKey, id)
    } finally {
      dataKey.fill(0)
    }
  }

  /** False when the data key is not the one that was read: then all must be looked at again. */
  async function replace(id: string, old: string): Promise<boolean> {
    const dataKey = await wrapAgain(id, old)
    if (durable) unconfirmed.set(id, dataKey)
    const change = (record: KeyedRecord) => (record.dataKey === old ? { ...record, dataKey } : null)
    const updated = await documents.update(id, change, { durable })
    unconfirmed.delete(id)
    return updated?.outcome === 'written'
  }

  return async (id) => {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const old = (await documents.read(id))?.record.dataKey
      if (old === undefined) return false
      if (old === unconfirmed.get(id)) {
        await confirm(documents, id)
        return unconfirmed.delete(id)
      }
      if (kidOf(old) === keyRing.activeKid) return false
      if (await replace(id, old)) return true
    }
    throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  }
}

/** Others change a wrapped key only to re-wrap it as well; more lost races than this are a defect. */
const MAX_RACES = 5

/** Waits for the replicas of what is stored. */
const confirm = (documents: Documents<KeyedRecord>, id: string): Promise<unknown> =>
  documents.update(id, () => null, { durable: true, confirm: true })
