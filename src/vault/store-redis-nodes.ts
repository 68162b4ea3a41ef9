import { Command, Redis } from 'ioredis'
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
