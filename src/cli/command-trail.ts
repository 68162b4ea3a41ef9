import type { AuditEvent } from '../audit/audit.ts'
import { createRedisAuditSink } from '../audit/sink-redis.ts'
import { createTrail } from '../audit/trail.ts'
import type { StoreConfig } from '../config/read-config.ts'
import { newAttemptId } from '../shared/ids.ts'
import { createLog } from '../shared/log.ts'
import type { Io } from './io.ts'

/** The audit trail of a command that changes what is stored: a chain of its own. */
export interface CommandTrail {
  /** Writes an event down, or says that it could not be: the command goes on. */
  record(event: AuditEvent): Promise<void>
  close(): Promise<void>
}

const TIMEOUT_MS = 2000

/** Opens the trail; nothing is connected or written before the first event. */
export function openCommandTrail({ redisUrl: url, audit }: StoreConfig, io: Io): CommandTrail {
  const log = createLog('silent')
  const sink = createRedisAuditSink({ url, timeoutMs: TIMEOUT_MS, ...audit, log })
  const settings = { ...audit, required: true }
  const trail = createTrail({ sink, processId: newAttemptId(), settings, clock: io.clock, log })
  let isUsed = false

  return {
    async record(event) {
      isUsed = true
      await trail
        .record(event)
        .catch(() => io.err('warning: the audit trail could not be written\n'))
    },
    close: async () => (isUsed ? trail.close() : sink.close()),
  }
}
