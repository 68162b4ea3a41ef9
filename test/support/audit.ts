import type { Audit } from '../../src/audit/audit.ts'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { createMemoryAuditSink } from '../../src/audit/sink-memory.ts'
import { createTrail, type Trail } from '../../src/audit/trail.ts'
import { newAttemptId } from '../../src/shared/ids.ts'
import type { Log } from '../../src/shared/log.ts'
import type { Clock } from '../../src/shared/time.ts'

/** Where a test is not about the trail: nothing is written, and everything may go on. */
export const NO_AUDIT: Audit = {
  note() {},
  async record() {},
  assertWritable() {},
  tally() {},
}

export interface MemoryTrail {
  readonly trail: Trail
  /** All that was written, without the start record. */
  entries(): Promise<readonly AuditEntry[]>
}

/** A real trail that is kept in this process. */
export async function startMemoryTrail(deps: {
  readonly clock: Clock
  readonly log: Log
}): Promise<MemoryTrail> {
  const sink = createMemoryAuditSink({ maxEntries: 10_000, clock: deps.clock })
  const settings = { required: true, handOutWindowMs: 600_000 }
  const trail = createTrail({ ...deps, sink, processId: newAttemptId(), settings })
  await trail.start({ version: '0.0.0', config: 'test' })
  return {
    trail,
    async entries() {
      // Behind it stands everything that was noted before.
      await trail.record({ event: 'process_stopped', subject: MARK })
      const found: AuditEntry[] = []
      for await (const { text } of sink.read()) found.push(JSON.parse(text) as AuditEntry)
      return found.filter(({ event, subject }) => event !== 'process_started' && subject !== MARK)
    },
  }
}

const MARK = 'mark'
