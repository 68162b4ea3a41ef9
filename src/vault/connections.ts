import type { Log } from '../shared/log.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { createDocuments, type UpdateOptions } from './documents.ts'
import { persist } from './persist.ts'
import { createReassertions, REMEMBERED_MS } from './reassertions.ts'
import { type Connection, parseRecord, type Tombstone } from './record.ts'
import type { Store } from './store.ts'

/** A connection as it was read. */
export interface Snapshot {
  readonly connection: Connection
  /** Names this state of it and no other. */
  readonly version: string
  /** The store's clock when it was read. */
  readonly serverNow: EpochMs
}

/** A pure change: the record to write, or null to leave it as it is. */
export type ConnectionChange = (connection: Connection, serverNow: EpochMs) => Connection | null

/** Reads and changes stored connections. An absent one and a deleted one are both null. */
export interface Connections {
  read(id: string): Promise<Snapshot | null>
  /** The stored version, or null; much cheaper than reading. */
  version(id: string): Promise<string | null>
  /** Stores a connection that is not there yet; false when the id is taken, if by a tombstone. */
  create(connection: Connection): Promise<boolean>
  /**
   * Applies a pure change by compare-and-set, and returns what is stored then.
   *
   * @returns null when there is no such connection.
   * @throws ServiceError `store_unavailable`, also when the outcome stayed unknown; `store_not_durable`
   */
  update(id: string, change: ConnectionChange, options?: UpdateOptions): Promise<Snapshot | null>
  /** Puts a tombstone in its place, durably; false when there was none. */
  remove(
    id: string,
    tombstone: (connection: Connection, now: EpochMs) => Tombstone,
  ): Promise<boolean>
  /**
   * Remembers for ten minutes how to put a record right, should a failover take back what was
   * acknowledged. Never tried on a record that is gone or deleted: it must not come back.
   */
  remember(id: string, change: ConnectionChange): void
  /** Puts right what is remembered. Never throws. */
  reassert(): Promise<void>
}

export interface ConnectionsDeps {
  readonly store: Store
  /** How long a deleted connection's tombstone stands. */
  readonly tombstoneMs: number
  readonly clock: Clock
  readonly log: Log
}

type Stored = Connection | Tombstone
type StoredChange = (record: Stored, now: EpochMs) => Stored | null

const onlyLiving =
  (change: ConnectionChange): StoredChange =>
  (record, now) =>
    record.type === 'tombstone' ? null : change(record, now)

/** A store that has just changed hands may be away again: then as long as there is something to put right. */
const REASSERT = { commitBudgetMs: REMEMBERED_MS, pollMs: 250 }

/** Creates the repository of connections over a store. */
export function createConnections(deps: ConnectionsDeps): Connections {
  const { store, tombstoneMs, clock, log } = deps
  const documents = createDocuments<Stored>({
    store,
    parse: parseRecord,
    idOf: ({ id }) => id,
    lifetimeMs: (record) => (record.type === 'tombstone' ? tombstoneMs : undefined),
  })
  const reassertions = createReassertions<StoredChange>({
    async apply(id, change) {
      // No replica is waited for: after a failover there may be none, and what comes next must not wait.
      // What is written stays remembered, and a second failover finds it here again.
      const write = () => documents.update(id, change)
      return (await persist(write, { ...REASSERT, clock }))?.outcome === 'written'
    },
    clock,
    log,
  })

  return {
    async read(id) {
      const snapshot = await documents.read(id)
      if (snapshot === null || snapshot.record.type === 'tombstone') return null
      const { record, version, serverNow } = snapshot
      return { connection: record, version, serverNow }
    },

    version: documents.version,
    create: (connection) => documents.create(connection.id, connection, { durable: true }),

    async update(id, change, options) {
      const updated = await documents.update(id, onlyLiving(change), options)
      if (updated === null || updated.snapshot.record.type === 'tombstone') return null
      const { record, version, serverNow } = updated.snapshot
      return { connection: record, version, serverNow }
    },

    async remove(id, tombstone) {
      let removed = false
      const bury = (record: Stored, now: EpochMs) => {
        removed = record.type === 'connection'
        return record.type === 'connection' ? tombstone(record, now) : null
      }
      const updated = await documents.update(id, bury, { durable: true, confirm: true })
      if (updated !== null) reassertions.remember(id, bury, 'last')
      return removed
    },

    remember: (id, change) => reassertions.remember(id, onlyLiving(change)),
    reassert: reassertions.run,
  }
}
