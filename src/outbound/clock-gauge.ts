import type { Clock, EpochMs } from '../shared/time.ts'
import { medianNear } from './clock-median.ts'
import { readSkew } from './clock-skew.ts'
import type { ResponseFact } from './exchange.ts'

/**
 * How long an observation counts. A clock drifts by less than a second in that time, and a service
 * with a single customer, which asks Knox about every 28 minutes, still has two observations.
 */
const FRESH_MS = 60 * 60_000
const OBSERVATIONS_PER_HOST = 31
const HOSTS = 32
/** Our clock was set, not slewed, when it has moved against the monotonic one by more than this. */
const JUMP_MS = 1000

/** What is known about one host's clock. */
export interface HostSkew {
  readonly host: string
  /** Median of the fresh observations, server minus local, ms; of two middle ones the nearer to 0. */
  readonly skewMs: number
  /** When the newest of them was made. */
  readonly observedAt: EpochMs
}

interface Observation {
  readonly skewMs: number
  readonly at: EpochMs
  readonly dateHeader: string | undefined
}

/** Collects what answers tell about the clocks of their servers. */
export interface SkewGauge {
  /** Takes one answer in; the same `Date` of the same host counts once. */
  observe(fact: ResponseFact): void
  /** Forgets everything else, and counts this answer for two. */
  believe(fact: ResponseFact): void
  /** One entry per host with fresh observations. */
  current(): readonly HostSkew[]
  /** The fresh skews themselves, host by host. */
  observations(): readonly (readonly number[])[]
}

export interface SkewGaugeDeps {
  readonly clock: Clock
  /** Goes on evenly, whatever is done to the clock; ms from any origin. */
  readonly monotonic: () => number
}

/**
 * Creates a gauge that keeps the newest 31 observations of at most 32 hosts for an hour.
 *
 * When our clock is set, everything observed before is void: it would make a mended clock wrong.
 */
export function createSkewGauge({ clock, monotonic }: SkewGaugeDeps): SkewGauge {
  const hosts = new Map<string, readonly Observation[]>()
  let setBy = clock() - monotonic()

  function forgetAfterJump(): void {
    const now = clock() - monotonic()
    if (Math.abs(now - setBy) <= JUMP_MS) return
    setBy = now
    hosts.clear()
  }

  function fresh(): readonly (readonly [string, readonly Observation[]])[] {
    forgetAfterJump()
    const since = clock() - FRESH_MS
    return [...hosts]
      .map(([host, all]) => [host, all.filter(({ at }) => at > since)] as const)
      .filter(([, kept]) => kept.length > 0)
  }

  function add(fact: ResponseFact, times: 1 | 2): void {
    const skewMs = readSkew(fact)
    const { host, dateHeader, receivedAt: at } = fact
    const earlier = hosts.get(host) ?? []
    if (skewMs === null || earlier.some((one) => one.dateHeader === dateHeader)) return
    const added = Array.from({ length: times }, () => ({ skewMs, at, dateHeader }))
    // Set anew, so that the host heard of longest ago comes first.
    hosts.delete(host)
    hosts.set(host, [...earlier, ...added].slice(-OBSERVATIONS_PER_HOST))
    const [oldest] = hosts.keys()
    if (hosts.size > HOSTS && oldest !== undefined) hosts.delete(oldest)
  }

  return {
    observe(fact) {
      forgetAfterJump()
      add(fact, 1)
    },
    believe(fact) {
      forgetAfterJump()
      hosts.clear()
      add(fact, 2)
    },
    current: () =>
      fresh().map(([host, kept]) => ({
        host,
        skewMs: medianNear(skewsOf(kept), 0),
        observedAt: Math.max(...kept.map(({ at }) => at)),
      })),
    observations: () => fresh().map(([, kept]) => skewsOf(kept)),
  }
}

const skewsOf = (observations: readonly Observation[]): readonly number[] =>
  observations.map(({ skewMs }) => skewMs)
