import type { Clock, EpochMs } from '../shared/time.ts'
import {
  documentKey,
  indexKey,
  type Store,
  type StoredDocument,
  type WriteOptions,
} from './store.ts'

type StoreIndex = Pick<
  Store,
  'addToIndex' | 'removeFromIndex' | 'listIndex' | 'readReference' | 'setReference'
>

/** As many as the Redis store keeps, so that both forget at the same time. */
const REMEMBERED_WRITES = 8
/** Documents that nobody asks for again are looked for once in so many writes. */
const SWEEP_EVERY = 1000
/** Where the id stands in a document's key. */
const ID_AT = documentKey('').length - 1

interface Entry {
  readonly document: StoredDocument
  /** Newest first. */
  readonly writeIds: readonly string[]
  readonly diesAt: EpochMs
}

/** The document after a write to it. */
function nextEntry(
  known: Entry | undefined,
  text: string,
  writeId: string,
  diesAt: EpochMs,
): Entry {
  return {
    document: { revision: (known?.document.revision ?? 0) + 1, version: writeId, text },
    writeIds: [writeId, ...(known?.writeIds ?? [])].slice(0, REMEMBERED_WRITES),
    diesAt,
  }
}

function createDocuments(clock: Clock) {
  const entries = new Map<string, Entry>()
  let writes = 0

  function find(key: string): Entry | undefined {
    const entry = entries.get(key)
    if (entry === undefined || clock() < entry.diesAt) return entry
    entries.delete(key)
    return undefined
  }

  function sweep(): void {
    writes += 1
    if (writes % SWEEP_EVERY === 0) for (const key of [...entries.keys()]) find(key)
  }

  function write(
    key: string,
    revision: number,
    text: string,
    writeId: string,
    { expiresInMs, version }: WriteOptions,
  ) {
    const known = find(key)
    if (known?.writeIds.includes(writeId)) return 'already'
    if ((known?.document.revision ?? 0) !== revision) return 'lost'
    if (version !== undefined && known?.document.version !== version) return 'lost'
    const diesAt = expiresInMs === undefined ? Number.POSITIVE_INFINITY : clock() + expiresInMs
    entries.set(key, nextEntry(known, text, writeId, diesAt))
    sweep()
    return 'won'
  }

  /** The ids that begin with a prefix, of what has not expired. */
  function idsWith(prefix: string): readonly string[] {
    const start = documentKey(prefix).slice(0, -1)
    const keys = [...entries.keys()].filter((key) => key.startsWith(start))
    return keys.filter((key) => find(key) !== undefined).map((key) => key.slice(ID_AT, -1))
  }

  return { find, write, idsWith }
}

/** Ids order as bytes in Redis and as UTF-16 here: the same, for they are ASCII. */
const pageOf = (ids: Iterable<string>, after: string | null, limit: number): readonly string[] =>
  [...ids]
    .filter((id) => after === null || id > after)
    .sort()
    .slice(0, limit)

function createIndex(): StoreIndex {
  const indexes = new Map<string, Set<string>>()
  const references = new Map<string, string>()

  return {
    async addToIndex(portalId, id) {
      const key = indexKey(portalId)
      indexes.set(key, (indexes.get(key) ?? new Set()).add(id))
    },
    async removeFromIndex(portalId, id) {
      indexes.get(indexKey(portalId))?.delete(id)
    },
    async listIndex(portalId, after, limit) {
      return pageOf(indexes.get(indexKey(portalId)) ?? [], after, limit)
    },
    async readReference(key) {
      return references.get(key) ?? null
    },
    async setReference(key, expected, value) {
      const current = references.get(key) ?? null
      if (current === value) return true
      if (current !== expected) return false
      if (value === null) references.delete(key)
      else references.set(key, value)
      return true
    },
  }
}

/**
 * A store in this process, for the demo, development and tests: it forgets everything at exit and no
 * second process sees it. Its clock is the given one.
 */
export function createMemoryStore({ clock }: { readonly clock: Clock }): Store {
  const documents = createDocuments(clock)

  return {
    ...createIndex(),
    async read(key) {
      return { document: documents.find(key)?.document ?? null, serverNow: clock() }
    },
    async version(key) {
      return documents.find(key)?.document.version ?? null
    },
    async compareAndSet(key, revision, text, writeId, options: WriteOptions = {}) {
      const outcome = documents.write(key, revision, text, writeId, options)
      // There are no replicas here, so every write that was applied is on all of them.
      const durable = options.durable === true && outcome !== 'lost'
      return { outcome, durable, serverNow: clock() }
    },
    async *documentIds(prefix) {
      yield documents.idsWith(prefix)
    },
    // There is no other server that could take over.
    onPrimaryChange() {},
    async ping() {},
    async describe() {
      return { kind: 'memory', warnings: ['nothing is kept after the process ends'] }
    },
    async close() {},
  }
}
