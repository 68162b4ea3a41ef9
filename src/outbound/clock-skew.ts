import type { Clock, EpochMs } from '../shared/time.ts'
import type { ResponseFact } from './exchange.ts'

/** How long an observation counts. */
const FRESH_MS = 15 * 60_000
const OBSERVATIONS_PER_HOST = 31
const HOSTS = 32

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form a sender may use (RFC 9110 §5.6.7). */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Estimates how far a server's clock is ahead of ours from its `Date` header.
 *
 * The header was cut to whole seconds, so half a second is added; the server is taken to have written
 * it in the middle between request and answer.
 *
 * @returns Server minus local time in ms, or `null` when the header or the times make no sense.
 */
export function estimateSkew(
  dateHeader: string,
  requestedAt: EpochMs,
  receivedAt: EpochMs,
): number | null {
  if (!IMF_FIXDATE.test(dateHeader) || receivedAt < requestedAt) return null
  const serverTime = Date.parse(dateHeader) + 500
  const skewMs = serverTime - (requestedAt + receivedAt) / 2
  return Number.isFinite(skewMs) ? Math.round(skewMs) : null
}

/** What is known about one host's clock. */
export interface HostSkew {
  readonly host: string
  /** Median of the fresh observations, server minus local, ms. */
  readonly skewMs: number
  /** When the newest of them was made. */
  readonly observedAt: EpochMs
}

/** Collects what answers tell about the clocks of their servers. Reports, and corrects nothing. */
export interface SkewGauge {
  observe(fact: ResponseFact): void
  /** One entry per host that was heard of in the last 15 minutes. */
  current(): readonly HostSkew[]
}

interface Observation {
  readonly skewMs: number
  readonly at: EpochMs
}

/** Creates a gauge that keeps the newest 31 observations of at most 32 hosts. */
export function createSkewGauge(clock: Clock): SkewGauge {
  const hosts = new Map<string, readonly Observation[]>()

  return {
    observe({ host, dateHeader, requestedAt, receivedAt }) {
      if (dateHeader === undefined) return
      const skewMs = estimateSkew(dateHeader, requestedAt, receivedAt)
      if (skewMs === null) return
      const earlier = hosts.get(host) ?? []
      // Set anew, so that the host heard of longest ago comes first.
      hosts.delete(host)
      hosts.set(host, [...earlier, { skewMs, at: receivedAt }].slice(-OBSERVATIONS_PER_HOST))
      const [oldest] = hosts.keys()
      if (hosts.size > HOSTS && oldest !== undefined) hosts.delete(oldest)
    },
    current() {
      const since = clock() - FRESH_MS
      return [...hosts].flatMap(([host, observations]) => {
        const fresh = observations.filter(({ at }) => at > since)
        const newest = fresh.at(-1)
        if (newest === undefined) return []
        return [{ host, skewMs: median(fresh.map(({ skewMs }) => skewMs)), observedAt: newest.at }]
      })
    },
  }
}

/** The lower of the two middle values when their number is even. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}
