import type { Metrics } from './admin/metrics.ts'
import type { Config } from './config/config.ts'
import { ConfigError, type Problem } from './config/problems.ts'
import { ServiceError } from './shared/errors.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'
import { createRedisWatch, type RedisWatch } from './vault/redis-watch.ts'
import type { Store, StoreRisk } from './vault/store.ts'
import { createMemoryStore } from './vault/store-memory.ts'
import { createRedisStore } from './vault/store-redis.ts'

/** What an operator would do about each risk. */
const REMEDIES: Readonly<Record<StoreRisk, string>> = {
  eviction: 'must not evict keys: set maxmemory-policy noeviction',
  persistence:
    'must keep what it is given: turn its append-only file on while it runs (redis-cli CONFIG SET appendonly yes, then CONFIG REWRITE; a restart would begin empty), and mend what keeps it from writing',
  role: 'must be the primary, not a replica',
  replicas: 'must have as many replicas as store.replicas, and permit WAIT',
  version: 'must be Redis 6.2 or later',
  scripts: 'must run scripts: permit EVAL and EVALSHA',
  unverified: 'must say how it is configured: permit INFO',
}

const toProblem = (risk: StoreRisk): Problem => ({
  source: 'REDIS_URL',
  rule: `${REMEDIES[risk]}, or waive it by name in KNOXGATE_STORE_WAIVE`,
  example: `KNOXGATE_STORE_WAIVE=${risk}`,
})

/**
 * Opens the store and keeps an eye on it.
 *
 * @throws ServiceError `store_unavailable`
 * @throws ConfigError when it may lose what it is given and the configuration asks for more; then
 * nothing stays open.
 */
export async function composeStore(deps: {
  readonly config: Config
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
}): Promise<Store> {
  const { config, metrics, log, clock } = deps
  if (config.redisUrl.reveal() === 'memory:') return createMemoryStore({ clock })
  const { timeoutMs, replicas, replicaTimeoutMs, waive } = config.settings.store
  const store = await createRedisStore({
    url: config.redisUrl,
    timeoutMs,
    ...(replicas === 0 ? {} : { replication: { replicas, timeoutMs: replicaTimeoutMs } }),
    log,
    observe: metrics.store,
    primaries: metrics.storePrimaries,
  })
  const { describe } = store
  const watch = createRedisWatch({ describe, waived: waive, publish: metrics.storeRisks, log })
  try {
    await assertDurable(config, watch)
  } catch (error) {
    await store.close()
    throw error
  }
  watch.start()
  // Another server may be configured otherwise.
  store.onPrimaryChange(() => void watch.look())
  return {
    ...store,
    async close() {
      watch.stop()
      await store.close()
    },
  }
}

async function assertDurable({ mode, settings }: Config, watch: RedisWatch): Promise<void> {
  const { requireDurable, waive } = settings.store
  const risks = await watch.look()
  if (mode === 'development' || !requireDurable) return
  // What gave no answer cannot be trusted, and may answer the next start.
  if (risks === null) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
  const problems = risks.filter((risk) => !waive.includes(risk)).map(toProblem)
  if (problems.length > 0) throw new ConfigError(problems)
}
