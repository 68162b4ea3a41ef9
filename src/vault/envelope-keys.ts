import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'
import type { Clock } from '../shared/time.ts'
import type { DataKey, Envelope, FieldContext, KeyRing } from './envelope.ts'
import { createCache } from './envelope-cache.ts'
import { openText, sealText } from './seal.ts'

const DATA_KEY_BYTES = 32
/** A dropped or revoked key-encryption key must stop opening records within this time. */
const MAX_CACHE_MS = 300_000

export interface EnvelopeDeps {
  readonly keyRing: KeyRing
  /** How long an opened data key is kept, at most five minutes. */
  readonly cacheMs: number
  /** How many opened data keys are kept. */
  readonly maxEntries: number
  readonly clock: Clock
  /** Told whenever something of a document does not open, before that is thrown. */
  readonly onUnreadable?: (documentId: string) => void
}

/** Imports a key and wipes the bytes it came in: only OpenSSL's copy stays, which it wipes itself. */
function importKey(bytes: Uint8Array): KeyObject {
  if (bytes.length !== DATA_KEY_BYTES) throw new ServiceError('record_unreadable')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

/** A key ring that gave no answer has not said that it cannot. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'record_unreadable'

function createDataKey(documentId: string, key: KeyObject, onUnreadable: () => void): DataKey {
  const partsOf = ({ binding, field, generation }: FieldContext) =>
    ['knoxgate/v1', documentId, binding, field, generation] as const
  return {
    seal: (context, plaintext) => sealText(key, partsOf(context), plaintext),
    open(context, sealed) {
      try {
        return openText(key, partsOf(context), sealed)
      } catch (error) {
        onUnreadable()
        throw error
      }
    },
  }
}

/**
 * A random 256-bit data key for every document, wrapped by the key ring with the document's id
 * authenticated. Calls that need the same key at the same time share one `unwrap`.
 *
 * @throws RangeError when `cacheMs` or `maxEntries` is out of range.
 */
export function createEnvelope(deps: EnvelopeDeps): Envelope {
  const { keyRing, cacheMs, maxEntries, clock, onUnreadable } = deps
  if (!(cacheMs > 0 && cacheMs <= MAX_CACHE_MS)) {
    throw new RangeError(`cacheMs must be more than 0 and at most ${MAX_CACHE_MS}`)
  }
  if (!(maxEntries >= 1)) throw new RangeError('maxEntries must be at least 1')
  const opened = createCache<Promise<DataKey>>({ ttlMs: cacheMs, maxEntries, clock })

  const dataKeyOf = (documentId: string, bytes: Uint8Array): DataKey =>
    createDataKey(documentId, importKey(bytes), () => onUnreadable?.(documentId))

  async function unwrap(documentId: string, wrapped: string): Promise<DataKey> {
    try {
      return dataKeyOf(documentId, await keyRing.unwrap(wrapped, documentId))
    } catch (error) {
      if (isUnreadable(error)) onUnreadable?.(documentId)
      throw error
    }
  }

  return {
    async create(documentId) {
      const bytes = randomBytes(DATA_KEY_BYTES)
      const wrapped = await keyRing.wrap(bytes, documentId)
      return { wrapped, dataKey: dataKeyOf(documentId, bytes) }
    },

    open(documentId, wrapped) {
      // With the id in it: a hit for another document would pass by what `unwrap` authenticates.
      const key = `${documentId} ${wrapped}`
      const known = opened.get(key)
      if (known !== undefined) return known
      const pending = unwrap(documentId, wrapped)
      opened.set(key, pending)
      pending.catch(() => opened.delete(key))
      return pending
    },
  }
}
