import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** Everything that is limited by its rate: what metrics, the log and the audit trail call it. */
export const LIMITS = [
  'key',
  'connection',
  'address',
  'pages',
  'failed_authentication',
  'mints',
] as const

export type LimitName = (typeof LIMITS)[number]

/** So many in a window, which begins with the first of them. */
export interface Policy {
  readonly name: LimitName
  readonly quota: number
  readonly windowMs: number
}

/** How somebody stands with a limit. */
export interface Standing {
  readonly policy: Policy
  /** How many more there may be in this window. */
  readonly remaining: number
  /** When the next window begins, in ms from now; at most one window. */
  readonly resetMs: number
  /** There was one more than there may be. */
  readonly exceeded: boolean
}

/** Counts what is limited, by key, in this process. */
export interface Limiter {
  readonly policy: Policy
  /** Counts one. */
  take(key: string): Promise<Standing>
  /** Counts nothing. */
  look(key: string): Promise<Standing>
  /** How many keys are held; never more than were permitted. */
  size(): number
}

/** Keys of one limit that are held, about 500 bytes each. */
const MAX_KEYS = 20_000
/** Room is made for so many at once: each look for the oldest passes over what has gone before. */
const ROOM = 0.02

/**
 * Creates a limiter; null for a quota of 0, which is no limit.
 *
 * The library has no bound on its number of keys. Beyond `maxKeys` the windows go that began first, which
 * end first as well: a flood of addresses gives back to the others what they would soon have anyway, and
 * locks nobody out.
 */
export function createLimiter(policy: Policy, maxKeys = MAX_KEYS): Limiter | null {
  if (policy.quota === 0) return null
  const { quota, windowMs } = policy
  const memory = new RateLimiterMemory({
    points: quota,
    duration: windowMs / 1000,
    keyPrefix: '',
  })
  /** In the order in which their windows began. */
  const keys = new Set<string>()

  function noteWindow(key: string): void {
    keys.delete(key)
    keys.add(key)
    if (keys.size <= maxKeys) return
    let surplus = Math.ceil(maxKeys * ROOM)
    for (const oldest of keys) {
      if (surplus-- === 0) return
      keys.delete(oldest)
      void memory.delete(oldest)
    }
  }

  // A clock that was set back must not make anybody wait longer than a window.
  const toStanding = (found: RateLimiterRes, exceeded: boolean): Standing => ({
    policy,
    remaining: found.remainingPoints,
    resetMs: Math.min(Math.max(found.msBeforeNext, 0), windowMs),
    exceeded,
  })

  return {
    policy,

    async take(key) {
      try {
        const found = await memory.consume(key)
        if (found.isFirstInDuration) noteWindow(key)
        return toStanding(found, false)
      } catch (found) {
        if (found instanceof RateLimiterRes) return toStanding(found, true)
        throw found
      }
    },

    async look(key) {
      const found = await memory.get(key)
      if (found === null) return { policy, remaining: quota, resetMs: windowMs, exceeded: false }
      return toStanding(found, false)
    },

    size: () => keys.size,
  }
}
