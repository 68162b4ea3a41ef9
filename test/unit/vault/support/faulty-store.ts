import { ServiceError } from '../../../../src/shared/errors.ts'
import type { Store, WriteResult } from '../../../../src/vault/store.ts'

/** What becomes of one write that matches. */
export type WriteFault = 'unavailable' | 'applied_unanswered' | 'unanswered' | 'not_durable'

/**
 * A store with a bad line to it.
 *
 * `unavailable`: refused. `unanswered`: never arrived, nobody knows. `applied_unanswered`: applied,
 * nobody knows. `not_durable`: applied, and on too few replicas.
 */
export function createFaultyStore(store: Store) {
  let down = false
  let referenceFaults = 0
  const writeFaults: WriteFault[] = []
  let matches: (text: string) => boolean = () => true
  const refuse = () => {
    throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  }
  const guarded =
    <A extends readonly unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> =>
      down ? refuse() : act(...args)
  const ambiguous: WriteResult = { outcome: 'ambiguous', durable: false }

  const faulty: Store = {
    ...store,
    read: guarded(store.read),
    version: guarded(store.version),
    addToIndex: guarded(store.addToIndex),
    removeFromIndex: guarded(store.removeFromIndex),
    listIndex: guarded(store.listIndex),
    readReference: guarded(store.readReference),
    setReference: guarded(async (key, expected, value) => {
      if (referenceFaults === 0) return store.setReference(key, expected, value)
      referenceFaults -= 1
      return refuse()
    }),
    compareAndSet: guarded(async (key, revision, text, writeId, options) => {
      const fault = matches(text) ? writeFaults.shift() : undefined
      if (fault === 'unavailable') return refuse()
      if (fault === 'unanswered') return ambiguous
      const result = await store.compareAndSet(key, revision, text, writeId, options)
      if (fault === 'applied_unanswered') return ambiguous
      return fault === 'not_durable' ? { ...result, durable: false } : result
    }),
  }
  return {
    store: faulty,
    /** Nothing gets through any more, or everything does again. */
    setDown: (isDown: boolean) => {
      down = isDown
    },
    /** The next references are refused. */
    failReferences: (count: number) => {
      referenceFaults = count
    },
    /** Faults of the next writes whose text fits, one each. */
    failWrites(faults: readonly WriteFault[], fits: (text: string) => boolean = () => true) {
      writeFaults.push(...faults)
      matches = fits
    },
  }
}
