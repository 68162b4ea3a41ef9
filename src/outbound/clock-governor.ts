import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import { createSkewGauge, type HostSkew } from './clock-gauge.ts'
import { agreedSkew } from './clock-median.ts'
import { readSkew } from './clock-skew.ts'
import { factOf, type ResponseFact } from './exchange.ts'
import type { OutboundResponse } from './outbound.ts'

/** A skew beyond this is not corrected: that is a clock to be mended, or an answer not to be trusted. */
const LIMIT_MS = 300_000
/** `Date` is in whole seconds: a skew within one of them cannot be told from none. */
const RESOLUTION_MS = 1000
/** A correction that has changed by this much is told again, */
const NEWS_MS = 10_000
/** but not sooner than this after the last time. */
const QUIET_MS = 600_000

/** Samsung's clock, as far as it is known. */
export interface SamsungClock {
  /**
   * What has to be added to our time to get Samsung's; whole seconds in ms, at most five minutes
   * either way. 0 when too little is known, the skew is within a second, or beyond five minutes.
   */
  correctionMs(): number
  /**
   * Takes in a refusal that blames the time of what we signed. If its own `Date` contradicts what was
   * known, it is believed at once: the judge itself has said twice that our time is wrong.
   */
  refused(host: string, response: OutboundResponse): void
}

/** What the governor has come to. */
export interface ClockState {
  /** Samsung's clock minus ours; `null` when too little is known. */
  readonly skewMs: number | null
  readonly correctionMs: number
  /** The last skew that was known is beyond five minutes, and not corrected. */
  readonly beyondLimit: boolean
}

export interface ClockGovernor extends SamsungClock {
  /** Told about the head of every answer. */
  observe(fact: ResponseFact): void
  state(): ClockState
  /** The clocks of single hosts, for reports. */
  skews(): readonly HostSkew[]
}

export interface ClockGovernorDeps {
  readonly clock: Clock
  /** Goes on evenly, whatever is done to the clock; ms from any origin. */
  readonly monotonic: () => number
  readonly log: Log
}

/** Creates the governor: what Samsung's answers say about the time, and what to make of it. */
export function createClockGovernor({ clock, monotonic, log }: ClockGovernorDeps): ClockGovernor {
  const gauge = createSkewGauge({ clock, monotonic })
  let skewMs: number | null = null
  let beyondLimit = false
  let toldMs = 0
  let quietUntil = Number.NEGATIVE_INFINITY

  /** Looks at what is known now; told at once when that makes a difference. */
  function assess(): ClockState {
    skewMs = agreedSkew(gauge.observations(), skewMs ?? 0)
    alarm(isBeyond(skewMs, beyondLimit))
    const correctionMs = beyondLimit ? 0 : correctionFor(skewMs)
    if (!beyondLimit) tell(correctionMs)
    return { skewMs, correctionMs, beyondLimit }
  }

  function alarm(isNow: boolean): void {
    if (isNow === beyondLimit) return
    beyondLimit = isNow
    if (isNow) log.error('clock_skew_beyond_limit', { skewMs: skewMs ?? 0 })
    else log.info('clock_skew_within_limit', { skewMs: skewMs ?? 0 })
  }

  function tell(correctionMs: number): void {
    const isNews =
      (correctionMs === 0) !== (toldMs === 0) || Math.abs(correctionMs - toldMs) >= NEWS_MS
    if (!isNews || monotonic() < quietUntil) return
    toldMs = correctionMs
    quietUntil = monotonic() + QUIET_MS
    if (correctionMs === 0) log.info('clock_correction_ended')
    else log.warn('clock_corrected', { skewMs: correctionMs })
  }

  return {
    state: assess,
    skews: gauge.current,
    correctionMs: () => assess().correctionMs,

    observe(fact) {
      gauge.observe(fact)
      assess()
    },

    refused(host, response) {
      const fact = factOf(host, response)
      const told = readSkew(fact)
      if (told === null || Math.abs(told - (assess().skewMs ?? 0)) <= RESOLUTION_MS) return
      gauge.believe(fact)
      assess()
    },
  }
}

/**
 * An alarm ends a second below its limit, so that a skew of just about that does not ring all day. It
 * goes on while nothing is known: that Samsung is not heard of mends no clock.
 */
function isBeyond(skewMs: number | null, wasBeyond: boolean): boolean {
  if (skewMs === null) return wasBeyond
  return Math.abs(skewMs) > (wasBeyond ? LIMIT_MS - RESOLUTION_MS : LIMIT_MS)
}

/** Rounded towards the past: an `iat` that is a second old does no harm, one of the future may. */
const correctionFor = (skewMs: number | null): number =>
  skewMs === null || Math.abs(skewMs) <= RESOLUTION_MS ? 0 : Math.floor(skewMs / 1000) * 1000
