import { ServiceError } from '../shared/errors.ts'
import { parseRedisUrl, type RedisTarget } from '../shared/redis-url.ts'
import type { Secret } from '../shared/secret.ts'
import { parseRead, parseVersion } from './redis-replies.ts'
import type { Store } from './store.ts'
import { alarmOnPrimaries, type PrimaryObserver } from './store-redis-alarms.ts'
import { createRedisCaller, type RedisCallerDeps } from './store-redis-calls.ts'
import { createDurableSend, type Replication } from './store-redis-durable.ts'
import { describeRedis } from './store-redis-facts.ts'
import { createRedisIndex } from './store-redis-index.ts'
import { openRedisLink, type RedisLink } from './store-redis-link.ts'
import { createPrimaryWatch, type PrimaryWatch } from './store-redis-primaries.ts'
import { createRedisScan } from './store-redis-scan.ts'
import { createSend, type WriteRoute, writeToRedis } from './store-redis-write.ts'

const START_TIMEOUT_MS = 10_000
/** Also without a new connection: a proxy can swap servers behind one, an operator promote a replica. */
const LOOK_EVERY_MS = 2000

export interface RedisStoreDeps extends RedisCallerDeps {
  readonly url: Secret
  /** For one call, whatever happens. */
  readonly timeoutMs: number
  /** For the first connection; 10 seconds when absent. */
  readonly startTimeoutMs?: number
  /** What durable writes wait for; absent: for no replica. */
  readonly replication?: Replication
  /** Told which server decides is another one, and how many keys there are. */
  readonly primaries?: PrimaryObserver
  /** How often to look which server decides, beside every new connection; 2 seconds when absent. */
  readonly lookEveryMs?: number
}

const unavailable = (): ServiceError =>
  new ServiceError('store_unavailable', { retryAfterSeconds: 1 })

/** Two connections, one for everything and one for durable writes, and who is at their other end. */
interface Ways {
  readonly target: RedisTarget
  readonly main: RedisLink
  readonly durable: RedisLink
  /** One each: after a failover they need not come over at the same time. */
  readonly watches: readonly PrimaryWatch[]
}

function storeOver({ target, main, durable, watches }: Ways, deps: RedisStoreDeps): Store {
  // A cluster's client tries other nodes after one that did not answer, each for as long.
  const deadline = target.kind === 'cluster' ? { deadlineMs: deps.timeoutMs } : {}
  const caller = createRedisCaller({ ...deps, ...deadline })
  const { client } = main
  const { replication } = deps
  const { report } = caller
  const plain: WriteRoute = { link: main, send: createSend(client) }
  const safe: WriteRoute = {
    link: durable,
    send:
      replication === undefined
        ? createSend(durable.client)
        : createDurableSend({ client: durable.client, replication, report }),
  }

  return {
    read: (key) => caller.call('read', async () => parseRead(await client.kgRead(key))),

    version: (key) =>
      caller.call('version', async () => {
        const writes = await client.hget(key, 'writes')
        return writes === null ? null : parseVersion(writes)
      }),

    compareAndSet(key, revision, text, writeId, options = {}) {
      const route = options.durable === true ? safe : plain
      const write = { key, revision, text, writeId, options }
      return caller.write(() => writeToRedis(route, write, deps.timeoutMs, report))
    },

    ...createRedisIndex(client, caller),
    ...createRedisScan(client, caller),

    async ping() {
      // Behind a `WAIT` a ping would tell of the replicas, and readiness is none of theirs.
      const isReached = async () => {
        if (!durable.isReady()) throw unavailable()
        if (replication === undefined) await durable.client.ping()
      }
      await caller.call('ping', () => Promise.all([client.ping(), isReached()]))
    },
    describe: () => describeRedis(client, target, replication?.replicas ?? 0),
    onPrimaryChange(listener) {
      for (const watch of watches) watch.onChange(listener)
    },
    async close() {
      for (const watch of watches) watch.stop()
      await Promise.all([main.close(), durable.close()])
    },
  }
}

/**
 * A store in Redis, 6.2 or later: single, behind sentinels, or a cluster.
 *
 * Resolves when both its connections are ready. From then on it connects again by itself after any
 * loss, and calls fail at once while there is no connection.
 *
 * @throws RangeError for a URL out of rule, which it does not quote.
 * @throws ServiceError `store_unavailable` when Redis is not ready in time; nothing stays open then.
 */
export async function createRedisStore(deps: RedisStoreDeps): Promise<Store> {
  const target = parseRedisUrl(deps.url.reveal())
  const main = openRedisLink(target, deps)
  const durable = openRedisLink(target, deps)
  const { lookEveryMs = LOOK_EVERY_MS } = deps
  const watches = [
    createPrimaryWatch(main, lookEveryMs),
    createPrimaryWatch(durable, lookEveryMs),
  ] as const
  const store = storeOver({ target, main, durable, watches }, deps)
  const withinMs = deps.startTimeoutMs ?? START_TIMEOUT_MS
  const ready = await Promise.all([main, durable].map((link) => link.becomesReady(withinMs)))
  if (!ready.every(Boolean)) {
    await store.close()
    throw unavailable()
  }
  await Promise.all(watches.map((watch) => watch.start()))
  alarmOnPrimaries(watches[0], deps)
  return store
}
