import { Command, Redis } from 'ioredis'
import { slotsByPlace } from './redis-primaries.ts'
import type { RedisClient } from './store-redis-client.ts'

const placeOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`

/** The connections to all masters: the client itself when there is no cluster. */
export const mastersOf = (client: RedisClient): readonly Redis[] =>
  client instanceof Redis ? [client] : client.nodes('master')

/** The connection to the server that has a key, as far as the client knows. */
export function nodeOfKey(client: RedisClient, key: string): Redis | undefined {
  if (client instanceof Redis) return client
  const [place] = client.slots[new Command('GET', [key]).getSlot()] ?? []
  return client.nodes('master').find((node) => placeOf(node) === place)
}

/** The connection to the server that a redirection names; after a failover it still counts as replica. */
export const nodeAt = (client: RedisClient, place: string): Redis | undefined =>
  client instanceof Redis ? undefined : client.nodes('all').find((node) => placeOf(node) === place)

/** A server that decides, as far as the client knows. */
export interface Decider {
  /** Its address; outside a cluster empty, because there the same client may lead to another server. */
  readonly place: string
  /** What it decides about; empty outside a cluster. */
  readonly slots: string
  /** Absent: the client has no connection to it. */
  readonly server: Redis | undefined
}

/** The servers that decide now, each with its slots. */
export function decidersOf(client: RedisClient): readonly Decider[] {
  if (client instanceof Redis) return [{ place: '', slots: '', server: client }]
  return [...slotsByPlace(client.slots)].map(([place, slots]) => ({
    place,
    slots,
    server: nodeAt(client, place),
  }))
}
