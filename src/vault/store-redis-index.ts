import { indexKey, type Store } from './store.ts'
import type { RedisCaller } from './store-redis-calls.ts'
import type { RedisClient } from './store-redis-client.ts'

type Index = Pick<
  Store,
  'addToIndex' | 'removeFromIndex' | 'listIndex' | 'readReference' | 'setReference'
>

/** Lists as sorted sets in which all have the score 0, so that the order is that of the ids' bytes. */
export function createRedisIndex(client: RedisClient, { call }: RedisCaller): Index {
  return {
    async addToIndex(portalId, id) {
      await call('index', () => client.zadd(indexKey(portalId), 0, id))
    },
    async removeFromIndex(portalId, id) {
      await call('index', () => client.zrem(indexKey(portalId), id))
    },
    listIndex(portalId, after, limit) {
      const from = after === null ? '-' : `(${after}`
      const key = indexKey(portalId)
      return call('index', () => client.zrange(key, from, '+', 'BYLEX', 'LIMIT', 0, limit))
    },
    readReference: (key) => call('index', () => client.get(key)),
    async setReference(key, expected, value) {
      const swap = () => client.kgSetReference(key, expected ?? '', value ?? '')
      return (await call('index', swap)) === 1
    },
  }
}
