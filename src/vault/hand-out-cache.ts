import type { EpochMs } from '../shared/time.ts'
import type { HandOut } from './hand-out.ts'

interface Entry {
  readonly handOut: HandOut
  readonly portalId: string
  /** Version of the record it was opened from. */
  readonly version: string
  /** From then on the token is to be replaced, which this cache cannot decide about. */
  readonly dueAt: EpochMs
  /** When the store last said that the record is still this version. */
  checkedAt: EpochMs
}

/** Opened tokens of this process: at most {@link MAX_ENTRIES}, each believed for a moment only. */
export interface HandOutCache {
  /** The token, if the store confirmed it less than the cache's time ago and it is good enough. */
  get(id: string, portalId: string, minTtlMs: number, now: EpochMs): HandOut | null
  /** The version held, whether or not it is still believed. */
  version(id: string): string | null
  /** The store says that the record still has this version. */
  confirm(id: string, version: string, now: EpochMs): void
  put(id: string, entry: Entry): void
  forget(id: string): void
}

/** About 4 kB each. */
const MAX_ENTRIES = 20_000

/** @param believeMs - How long an entry is used without asking the store: at most a second. */
export function createHandOutCache(believeMs: number): HandOutCache {
  const entries = new Map<string, Entry>()

  return {
    get(id, portalId, minTtlMs, now) {
      const entry = entries.get(id)
      if (entry === undefined || entry.portalId !== portalId) return null
      const believed = now - entry.checkedAt < believeMs && now >= entry.checkedAt
      const good = now < entry.dueAt && entry.handOut.expiresAt - now >= minTtlMs
      return believed && good ? entry.handOut : null
    },

    version: (id) => entries.get(id)?.version ?? null,

    confirm(id, version, now) {
      const entry = entries.get(id)
      if (entry?.version === version) entry.checkedAt = now
    },

    put(id, entry) {
      const [oldest] = entries.keys()
      if (entries.size >= MAX_ENTRIES && oldest !== undefined && !entries.has(id))
        entries.delete(oldest)
      entries.set(id, entry)
    },

    forget(id) {
      entries.delete(id)
    },
  }
}
