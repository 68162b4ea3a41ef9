import type { Metrics } from './admin/metrics.ts'
import { createMemoryAuditSink } from './audit/sink-memory.ts'
import { createRedisAuditSink } from './audit/sink-redis.ts'
import { createTrail, type Trail } from './audit/trail.ts'
import type { Config } from './config/config.ts'
import { newAttemptId, sha256 } from './shared/ids.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'

/** What stays of the trail where there is no Redis, about 10 MB. */
const IN_MEMORY = 20_000

/** Two configurations have the same only if they say the same; secrets are not in it. */
const fingerprintOf = (config: Config): string => sha256(JSON.stringify(config)).slice(0, 16)

/** Wires the audit trail; nothing is written before it is started. */
export function composeAudit(deps: {
  readonly config: Config
  readonly version: string
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
}): Omit<Trail, 'start'> & { start(): Promise<void> } {
  const { config, version, metrics, log, clock } = deps
  const { audit, store } = config.settings
  const { retentionMs, maxEntries } = audit
  const { timeoutMs } = store
  const sink =
    config.redisUrl.reveal() === 'memory:'
      ? createMemoryAuditSink({ maxEntries: Math.min(maxEntries, IN_MEMORY), clock })
      : createRedisAuditSink({ url: config.redisUrl, timeoutMs, retentionMs, maxEntries, log })
  const trail = createTrail({ sink, processId: newAttemptId(), settings: audit, clock, log })
  metrics.audit(trail.state)
  return { ...trail, start: () => trail.start({ version, config: fingerprintOf(config) }) }
}
