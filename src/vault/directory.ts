import type { ConnectionId } from '../shared/ids.ts'
import type { Connections } from './connections.ts'
import { type Connection, currentBinding } from './record.ts'
import { documentKey, referenceKey, type Store } from './store.ts'

/** Which customer of which portal a connection is for. */
export interface Place {
  readonly portalId: string
  readonly programId: string
  readonly tenantRef: string
}

/**
 * Finds connections by customer and lists them by portal.
 *
 * What it stores are hints: written before the connection, verified whenever they are read. So a
 * crash in between leaves a hint to nothing, never a connection that cannot be found.
 */
export interface Directory {
  /** The customer's live connection, or null. */
  find(place: Place): Promise<ConnectionId | null>
  /** Reserves the place for a connection about to be created; the id of who has it already, or null. */
  claim(place: Place, id: ConnectionId): Promise<ConnectionId | null>
  add(portalId: string, id: string): Promise<void>
  /** Ids in order of creation, those after `after`. Not verified. */
  list(portalId: string, after: string | null, limit: number): Promise<readonly string[]>
  /** Takes a deleted or never created connection out. */
  remove(place: Place, id: string): Promise<void>
  removeFromList(portalId: string, id: string): Promise<void>
  /** Puts a live connection's missing hints back. */
  repair(connection: Connection): Promise<void>
}

export interface DirectoryDeps {
  readonly store: Store
  readonly connections: Connections
  /** HMAC of a tenant ref, so that key names neither grow nor carry the portal's own words. */
  readonly hashTenantRef: (tenantRef: string) => string
}

/** A claim without a connection is left alone this long: its maker may still be creating it. */
const CLAIM_HOLDS_MS = 60_000

export const placeOf = (connection: Connection): Place => ({
  portalId: connection.portalId,
  programId: currentBinding(connection).program,
  tenantRef: connection.tenantRef,
})

/** Creates the directory. */
export function createDirectory(deps: DirectoryDeps): Directory {
  const { store, connections, hashTenantRef } = deps
  const keyOf = ({ portalId, programId, tenantRef }: Place) =>
    referenceKey(portalId, programId, hashTenantRef(tenantRef))

  async function isLive(place: Place, id: string): Promise<boolean> {
    const snapshot = await connections.read(id)
    if (snapshot === null) return false
    const found = placeOf(snapshot.connection)
    return found.portalId === place.portalId && found.tenantRef === place.tenantRef
  }

  return {
    async find(place) {
      const claim = readClaim(await store.readReference(keyOf(place)))
      return claim !== null && (await isLive(place, claim.id)) ? claim.id : null
    },

    async claim(place, id) {
      // The store's clock: replicas whose own differ must agree on how old a claim is.
      const { serverNow } = await store.read(documentKey(id))
      const value = `${id}:${serverNow}`
      for (;;) {
        const held = await store.readReference(keyOf(place))
        const claim = readClaim(held)
        if (claim !== null && claim.id !== id) {
          const fresh = serverNow - claim.claimedAt < CLAIM_HOLDS_MS
          if (fresh || (await isLive(place, claim.id))) return claim.id
        }
        if (await store.setReference(keyOf(place), held, value)) return null
      }
    },

    add: (portalId, id) => store.addToIndex(portalId, id),
    list: (portalId, after, limit) => store.listIndex(portalId, after, limit),

    async remove(place, id) {
      await store.removeFromIndex(place.portalId, id)
      const held = await store.readReference(keyOf(place))
      if (readClaim(held)?.id === id) await store.setReference(keyOf(place), held, null)
    },

    removeFromList: (portalId, id) => store.removeFromIndex(portalId, id),

    async repair(connection) {
      const place = placeOf(connection)
      await store.addToIndex(place.portalId, connection.id)
      if ((await store.readReference(keyOf(place))) === null)
        // As old as the connection: should that be deleted right now, the place is free at once.
        await store.setReference(keyOf(place), null, `${connection.id}:${connection.createdAt}`)
    },
  }
}

function readClaim(value: string | null): { id: ConnectionId; claimedAt: number } | null {
  const parts = /^(conn_[0-9a-z]+):(\d+)$/.exec(value ?? '')
  if (parts === null) return null
  return { id: parts[1] as ConnectionId, claimedAt: Number(parts[2]) }
}
