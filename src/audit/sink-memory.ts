import type { Clock } from '../shared/time.ts'
import { canonical } from './entry.ts'
import type { AuditSink, StoredEntry } from './sink.ts'

/** Keeps the newest entries in this process, for development and tests. Nobody else can read them. */
export function createMemoryAuditSink(deps: {
  readonly maxEntries: number
  readonly clock: Clock
}): AuditSink {
  const stored: StoredEntry[] = []
  const newest = new Map<string, number>()
  let written = 0

  return {
    async append(entries) {
      for (const entry of entries) {
        if (entry.seq <= (newest.get(entry.process) ?? 0)) continue
        newest.set(entry.process, entry.seq)
        written += 1
        stored.push({ id: `${deps.clock()}-${written}`, text: canonical(entry) })
      }
      if (stored.length > deps.maxEntries) stored.splice(0, stored.length - deps.maxEntries)
      return 'ok'
    },

    async *read({ since = 0, until = Number.POSITIVE_INFINITY } = {}) {
      for (const one of [...stored]) {
        const at = Number.parseInt(one.id, 10)
        if (at >= since && at <= until) yield one
      }
    },

    async close() {},
  }
}
