import type { Clock, EpochMs } from '../shared/time.ts'

export interface Cache<Value> {
  /** The value if it was put in less than `ttlMs` ago and has not been pushed out. */
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  /** How many entries are held, dead ones that no sweep has met included. */
  size(): number
}

export interface CacheLimits {
  readonly ttlMs: number
  readonly maxEntries: number
  readonly clock: Clock
}

interface Entry<Value> {
  readonly value: Value
  readonly diesAt: EpochMs
}

/** How often in a lifetime the dead are swept out; they outlive it by at most this share. */
const SWEEPS_PER_LIFETIME = 10

/**
 * A map that forgets: every entry after its lifetime, counted from when it was put in, and the one
 * used longest ago when there are too many.
 */
export function createCache<Value>({ ttlMs, maxEntries, clock }: CacheLimits): Cache<Value> {
  // A Map lists in order of insertion; a hit is inserted again, so the first key is the oldest used.
  const entries = new Map<string, Entry<Value>>()
  let sweepAt = clock() + ttlMs / SWEEPS_PER_LIFETIME

  function sweep(now: EpochMs): void {
    if (now < sweepAt) return
    sweepAt = now + ttlMs / SWEEPS_PER_LIFETIME
    for (const [key, { diesAt }] of entries) if (now >= diesAt) entries.delete(key)
  }

  return {
    get(key) {
      const now = clock()
      sweep(now)
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (now >= entry.diesAt) return undefined
      entries.set(key, entry)
      return entry.value
    },

    set(key, value) {
      entries.delete(key)
      for (const oldest of entries.keys()) {
        if (entries.size < maxEntries) break
        entries.delete(oldest)
      }
      entries.set(key, { value, diesAt: clock() + ttlMs })
    },

    delete: (key) => void entries.delete(key),
    size: () => entries.size,
  }
}
