import type { EpochMs } from '../shared/time.ts'
import { createDocuments, type UpdateOptions } from './documents.ts'
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
}

export interface ConnectionsDeps {
  readonly store: Store
  /** How long a deleted connection's tombstone stands. */
  readonly tombstoneMs: number
}

/** Creates the repository of connections over a store. */
export function createConnections({ store, tombstoneMs }: ConnectionsDeps): Connections {
  const documents = createDocuments<Connection | Tombstone>({
    store,
    parse: parseRecord,
    idOf: ({ id }) => id,
    lifetimeMs: (record) => (record.type === 'tombstone' ? tombstoneMs : undefined),
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
      const onlyLiving = (record: Connection | Tombstone, now: EpochMs) =>
        record.type === 'tombstone' ? null : change(record, now)
      const updated = await documents.update(id, onlyLiving, options)
      if (updated === null || updated.snapshot.record.type === 'tombstone') return null
      const { record, version, serverNow } = updated.snapshot
      return { connection: record, version, serverNow }
    },

    async remove(id, tombstone) {
      let removed = false
      const bury = (record: Connection | Tombstone, now: EpochMs) => {
        removed = record.type === 'connection'
        return record.type === 'connection' ? tombstone(record, now) : null
      }
      await documents.update(id, bury, { durable: true })
      return removed
    },
  }
}
