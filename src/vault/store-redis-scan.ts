import type { Redis } from 'ioredis'
import { ServiceError } from '../shared/errors.ts'
import { identityOf } from './redis-primaries.ts'
import { documentKey, type Store } from './store.ts'
import type { RedisCaller } from './store-redis-calls.ts'
import type { RedisClient } from './store-redis-client.ts'
import { unlessRefused } from './store-redis-facts.ts'
import { decidersOf } from './store-redis-nodes.ts'

/** Buckets that one `SCAN` looks at: it holds the server up for well below a millisecond. */
const COUNT = 250

const START = '0'
/** Where the id stands in a document's key. */
const ID_AT = documentKey('').length - 1

const changed = (): ServiceError =>
  new ServiceError('store_unavailable', {
    detail: 'another server has begun to decide; what it has may not be what was told',
    retryAfterSeconds: 1,
  })

/** The servers that decide now, and which eras of theirs these are. */
async function decidersNow(client: RedisClient) {
  const deciders = decidersOf(client)
  const eras = deciders.map(async ({ place, slots, server }) => {
    if (server === undefined) throw changed()
    const identity = identityOf(await unlessRefused(server.info()), server.options.db ?? 0)
    if (identity.kind === 'replica') throw changed()
    return [place, slots, identity.kind === 'primary' ? identity.era : ''].join(' ')
  })
  const servers = deciders.flatMap(({ server }) => server ?? [])
  return { servers, who: (await Promise.all(eras)).join('\n') }
}

/**
 * Walks over the keys of all servers that decide. A cursor means nothing to another server, and slots may
 * move from one that is still to come to one that is done: so who decides is asked before and after.
 */
export function createRedisScan(
  client: RedisClient,
  { call }: RedisCaller,
): Pick<Store, 'documentIds'> {
  async function* idsOn(server: Redis, pattern: string): AsyncGenerator<readonly string[]> {
    let cursor = START
    do {
      const page = () => server.scan(cursor, 'MATCH', pattern, 'COUNT', COUNT, 'TYPE', 'hash')
      const [next, keys] = await call('index', page)
      if (keys.length > 0) yield keys.map((key) => key.slice(ID_AT, -1))
      cursor = next
    } while (cursor !== START)
  }

  return {
    async *documentIds(prefix) {
      const before = await call('index', () => decidersNow(client))
      const pattern = documentKey(`${prefix}*`)
      for (const server of before.servers) yield* idsOn(server, pattern)
      const after = await call('index', () => decidersNow(client))
      if (after.who !== before.who) throw changed()
    },
  }
}
