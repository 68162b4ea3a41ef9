import type { Clock, EpochMs } from '../../../../src/shared/time.ts'
import type { Store, WriteOptions, WriteResult } from '../../../../src/vault/store.ts'
import { createMemoryStore } from '../../../../src/vault/store-memory.ts'
import type { Process } from './process.ts'

/** A write as a process sent it. */
export interface Write {
  readonly process: Process
  readonly key: string
  readonly revision: number
  readonly text: string
  readonly writeId: string
  readonly options: WriteOptions
  /** It arrives when its process no longer waits for it. */
  readonly isLate?: true
}

/** A write that was applied, and where it stands in the order of all writes. */
export interface Applied extends Write {
  readonly at: EpochMs
  readonly position: number
}

/** Told of everything that becomes of writes. */
export interface StoreWatcher {
  applied(write: Applied): void
  /** Its process has heard of it. */
  answered(write: Write, result: WriteResult): void
  /** A failover has taken these back. `wasPromised`: of the write, that it was on replicas. */
  takenBack(writes: readonly { readonly write: Applied; readonly wasPromised: boolean }[]): void
}

/** Which writes a failover takes back: none that was said to be on replicas, or any. */
export type FailoverKind = 'promised' | 'beyond'

/** The store's server with its replicas: in the end one memory store, and the order of what was written. */
export interface StoreServer {
  /** Counts failovers: what was sent to the server before is not answered by the next. */
  epoch(): number
  memory(): Store
  /** Applies a write. @returns how many writes are applied then */
  apply(write: Write): Promise<{ readonly result: WriteResult; readonly upTo: number }>
  /** Everything up to there is on the replicas now. */
  replicated(upTo: number): void
  /** No failover takes back what is written by now. */
  settle(): void
  /** A replica takes over that lacks the last `count` writes, or fewer. */
  failover(kind: FailoverKind, count: number): Promise<void>
  readonly watcher: StoreWatcher
}

/** A replica is never further behind. */
const MAX_LAG_MS = 5 * 60_000

export function createStoreServer(clock: Clock, watcher: StoreWatcher): StoreServer {
  let memory = createMemoryStore({ clock })
  let journal: Applied[] = []
  let replicatedUpTo = 0
  let settledUpTo = 0
  let epoch = 0

  return {
    epoch: () => epoch,
    memory: () => memory,
    watcher,

    async apply(write) {
      const { key, revision, text, writeId, options } = write
      const result = await memory.compareAndSet(key, revision, text, writeId, options)
      if (result.outcome === 'won') {
        const applied = { ...write, at: clock(), position: journal.length }
        journal.push(applied)
        watcher.applied(applied)
      }
      return { result, upTo: journal.length }
    },

    replicated(upTo) {
      replicatedUpTo = Math.max(replicatedUpTo, upTo)
    },

    settle() {
      settledUpTo = journal.length
      replicatedUpTo = journal.length
    },

    async failover(kind, count) {
      const least = kind === 'promised' ? replicatedUpTo : settledUpTo
      const behind = journal.filter(({ at }) => clock() - at < MAX_LAG_MS).length
      const kept = Math.max(least, journal.length - Math.min(count, behind))
      const lost = journal
        .slice(kept)
        .map((write) => ({ write, wasPromised: write.position < replicatedUpTo }))
      journal = journal.slice(0, kept)
      replicatedUpTo = Math.min(replicatedUpTo, kept)
      epoch += 1
      memory = createMemoryStore({ clock })
      for (const { key, revision, text, writeId, options } of journal)
        await memory.compareAndSet(key, revision, text, writeId, options)
      watcher.takenBack(lost)
    },
  }
}
