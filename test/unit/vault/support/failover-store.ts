import type { Clock } from '../../../../src/shared/time.ts'
import type { Store, WriteOptions } from '../../../../src/vault/store.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'

interface Write {
  readonly key: string
  readonly revision: number
  readonly text: string
  readonly writeId: string
  readonly options: WriteOptions
}

/**
 * A store whose server can be replaced by one that lacks the last writes, as a replica that was behind its
 * primary does when it takes over. Lists and references stay: they are hints.
 */
export function createFailoverStore(clock: Clock) {
  const hints = createMemoryStore({ clock })
  let documents = createMemoryStore({ clock })
  let applied: Write[] = []
  let beforeWrite: (() => Promise<void>) | undefined
  const sent: Write[] = []

  const store: Store = {
    ...hints,
    read: (key) => documents.read(key),
    version: (key) => documents.version(key),
    documentIds: (prefix) => documents.documentIds(prefix),
    async compareAndSet(key, revision, text, writeId, options = {}) {
      const hook = beforeWrite
      beforeWrite = undefined
      await hook?.()
      const write = { key, revision, text, writeId, options }
      sent.push(write)
      const result = await documents.compareAndSet(key, revision, text, writeId, options)
      if (result.outcome === 'won') applied.push(write)
      return result
    },
  }

  return {
    store,
    /** Every write as it was sent, applied or not. */
    sent,
    /** How many writes the server has. */
    written: () => applied.length,
    /** Does something between the next decision to write and the write. */
    beforeNextWrite(act: () => Promise<void>) {
      beforeWrite = act
    },
    /** A server takes over that has only the first `count` writes. */
    async failOver(count: number) {
      const kept = applied.slice(0, count)
      documents = createMemoryStore({ clock })
      for (const { key, revision, text, writeId, options } of kept)
        await documents.compareAndSet(key, revision, text, writeId, options)
      applied = kept
    },
  }
}
