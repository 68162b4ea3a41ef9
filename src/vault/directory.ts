import type { ConnectionId } from '../shared/ids.ts'
import type { Connections } from './connections.ts'
import { type Connection, currentBinding, hasConsent } from './record.ts'
import { documentKey, managedTenantKey, referenceKey, type Store } from './store.ts'

/** Which customer of which portal a connection is for. */
export interface Place {
  readonly portalId: string
  readonly programId: string
  readonly tenantRef: string
  /** Whom of the program's customers it is for; a provider's program only. */
  readonly managedTenantId?: string
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
  /** Reserves the program's customer, for one portal of all; the id of who has it already, or null. */
  claimTenant(place: Place, id: ConnectionId): Promise<ConnectionId | null>
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

export function placeOf(connection: Connection): Place {
  const binding = currentBinding(connection)
  const managedTenantId = hasConsent(binding) ? undefined : binding.managedTenantId
  return {
    portalId: connection.portalId,
    programId: binding.program,
    tenantRef: connection.tenantRef,
    ...(managedTenantId === undefined ? {} : { managedTenantId }),
  }
}

/** Whether a connection stands where a claim says. */
type StandsAt = (found: Place) => boolean

/** Creates the directory. */
export function createDirectory(deps: DirectoryDeps): Directory {
  const { store, connections, hashTenantRef } = deps
  const keyOf = ({ portalId, programId, tenantRef }: Place) =>
    referenceKey(portalId, programId, hashTenantRef(tenantRef))

  const tenantKeyOf = ({ programId, managedTenantId }: Place) =>
    managedTenantId === undefined
      ? null
      : managedTenantKey(programId, hashTenantRef(managedTenantId))

  async function isLive(id: string, standsAt: StandsAt): Promise<boolean> {
    const snapshot = await connections.read(id)
    return snapshot !== null && standsAt(placeOf(snapshot.connection))
  }

  const isOf =
    (place: Place): StandsAt =>
    (found) =>
      found.portalId === place.portalId && found.tenantRef === place.tenantRef

  const isOfTenant =
    ({ programId, managedTenantId }: Place): StandsAt =>
    (found) =>
      found.programId === programId && found.managedTenantId === managedTenantId

  async function claimKey(key: string, id: ConnectionId, standsAt: StandsAt) {
    // The store's clock: replicas whose own differ must agree on how old a claim is.
    const { serverNow } = await store.read(documentKey(id))
    const value = `${id}:${serverNow}`
    for (;;) {
      const held = await store.readReference(key)
      const claim = readClaim(held)
      if (claim !== null && claim.id !== id) {
        const fresh = serverNow - claim.claimedAt < CLAIM_HOLDS_MS
        if (fresh || (await isLive(claim.id, standsAt))) return claim.id
      }
      if (await store.setReference(key, held, value)) return null
    }
  }

  async function release(key: string, id: string): Promise<void> {
    const held = await store.readReference(key)
    if (readClaim(held)?.id === id) await store.setReference(key, held, null)
  }

  /** As old as the connection: should that be deleted right now, the place is free at once. */
  async function restore(key: string, { id, createdAt }: Connection): Promise<void> {
    if ((await store.readReference(key)) === null)
      await store.setReference(key, null, `${id}:${createdAt}`)
  }

  return {
    async find(place) {
      const claim = readClaim(await store.readReference(keyOf(place)))
      return claim !== null && (await isLive(claim.id, isOf(place))) ? claim.id : null
    },

    claim: (place, id) => claimKey(keyOf(place), id, isOf(place)),

    async claimTenant(place, id) {
      const key = tenantKeyOf(place)
      return key === null ? null : claimKey(key, id, isOfTenant(place))
    },

    add: (portalId, id) => store.addToIndex(portalId, id),
    list: (portalId, after, limit) => store.listIndex(portalId, after, limit),

    async remove(place, id) {
      await store.removeFromIndex(place.portalId, id)
      await release(keyOf(place), id)
      const tenantKey = tenantKeyOf(place)
      if (tenantKey !== null) await release(tenantKey, id)
    },

    removeFromList: (portalId, id) => store.removeFromIndex(portalId, id),

    async repair(connection) {
      const place = placeOf(connection)
      await store.addToIndex(place.portalId, connection.id)
      await restore(keyOf(place), connection)
      const tenantKey = tenantKeyOf(place)
      if (tenantKey !== null) await restore(tenantKey, connection)
    },
  }
}

function readClaim(value: string | null): { id: ConnectionId; claimedAt: number } | null {
  const parts = /^(conn_[0-9a-z]+):(\d+)$/.exec(value ?? '')
  if (parts === null) return null
  return { id: parts[1] as ConnectionId, claimedAt: Number(parts[2]) }
}
