import { createClockGovernor } from '../../../src/outbound/clock-governor.ts'
import type { ResponseFact } from '../../../src/outbound/exchange.ts'
import type { OutboundResponse } from '../../../src/outbound/outbound.ts'
import type { Log, LogFields } from '../../../src/shared/log.ts'

/** Half-way through a second, as the estimate takes every `Date` to be. */
const START = Date.parse('2026-11-20T17:00:00.500Z')

export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 3_600_000

/** `Date` as a server writes it at that time. */
export const header = (at: number): string => new Date(at).toUTCString()

/** Our clock, which can go on or be set, and what goes on evenly whatever is done to it. */
export function createTime() {
  let now = START
  let evenly = 0
  return {
    clock: () => now,
    monotonic: () => evenly,
    advance(ms: number) {
      now += ms
      evenly += ms
    },
    set(ms: number) {
      now += ms
    },
  }
}

/** A governor, and answers for it: a second goes by before each, so that each has a `Date` of its own. */
export function createClockWorld() {
  const time = createTime()
  const events: (readonly [level: string, event: string, skewMs?: unknown])[] = []
  const note = (level: string) => (event: string, fields?: LogFields) =>
    void events.push(fields?.skewMs === undefined ? [level, event] : [level, event, fields.skewMs])
  const log: Log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  }
  const governor = createClockGovernor({ ...time, log })

  /** An answer that tells this skew to the millisecond: it took what whole seconds cannot say. */
  function answer(skewMs: number): OutboundResponse {
    time.advance(SECOND)
    const receivedAt = time.clock()
    const wholeMs = Math.floor(skewMs / SECOND) * SECOND
    const headers = new Map([['date', header(receivedAt + wholeMs)]])
    const requestedAt = receivedAt - 2 * (skewMs - wholeMs)
    return { status: 403, headers, body: '', requestedAt, receivedAt }
  }

  function observe(host: string, skewMs: number, changes: Partial<ResponseFact> = {}): void {
    const { headers, requestedAt, receivedAt } = answer(skewMs)
    const dateHeader = headers.get('date') ?? ''
    const fact = { host, status: 200, cached: false, dateHeader, requestedAt, receivedAt }
    governor.observe({ ...fact, ...changes })
  }

  return { time, governor, events, answer, observe }
}
