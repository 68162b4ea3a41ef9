import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSkewGauge, estimateSkew } from '../../../src/outbound/clock-skew.ts'

const AT = Date.parse('2026-11-20T17:00:00Z')
const header = (at: number): string => new Date(at).toUTCString()

describe('an estimate', () => {
  it('takes the middle of the exchange and of the second', () => {
    expect(estimateSkew(header(AT), AT, AT + 1000)).toBe(0)
    expect(estimateSkew(header(AT + 60_000), AT, AT + 1000)).toBe(60_000)
    expect(estimateSkew(header(AT - 60_000), AT, AT + 1000)).toBe(-60_000)
    expect(estimateSkew(header(AT), AT, AT)).toBe(500)
  })

  it('is off by no more than half a second and half the exchange', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -7_200_000, max: 7_200_000 }),
        fc.nat(10_000),
        fc.nat(10_000),
        (skew, outbound, inbound) => {
          const estimate = estimateSkew(header(AT + outbound + skew), AT, AT + outbound + inbound)
          expect(Math.abs((estimate ?? Number.NaN) - skew)).toBeLessThanOrEqual(
            500 + (outbound + inbound) / 2 + 1,
          )
        },
      ),
    )
  })

  it.each([
    ['is empty', ''],
    ['is no date', 'yesterday'],
    ['is in an obsolete form', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['is in another zone', 'Sun, 06 Nov 1994 08:49:37 +0200'],
    ['names no month', 'Sun, 06 Abc 1994 08:49:37 GMT'],
  ])('is not made when the header %s', (_what, text) => {
    expect(estimateSkew(text, AT, AT)).toBeNull()
  })

  it('is not made when the answer came before the request', () => {
    expect(estimateSkew(header(AT), AT, AT - 1)).toBeNull()
  })
})

describe('a gauge', () => {
  const observation = (host: string, skew: number, at: number) => ({
    host,
    status: 200,
    dateHeader: header(at + skew),
    requestedAt: at,
    receivedAt: at + 1000,
  })

  it('reports the median per host, so that one slow answer does not count', () => {
    const gauge = createSkewGauge(() => AT + 10_000)
    for (const [n, skew] of [2000, 90_000, 3000].entries()) {
      gauge.observe(observation('a', skew, AT + n * 1000))
    }
    gauge.observe(observation('b', -5000, AT))

    expect(gauge.current()).toEqual([
      { host: 'a', skewMs: 3000, observedAt: AT + 3000 },
      { host: 'b', skewMs: -5000, observedAt: AT + 1000 },
    ])
  })

  it('forgets what is 15 minutes old', () => {
    let now = AT + 1000
    const gauge = createSkewGauge(() => now)
    gauge.observe(observation('a', 2000, AT))

    now += 15 * 60_000 - 1
    expect(gauge.current()).toHaveLength(1)
    now += 1
    expect(gauge.current()).toEqual([])
  })

  it('passes over answers that carry no readable date', () => {
    const gauge = createSkewGauge(() => AT)
    const { dateHeader, ...undated } = observation('a', 0, AT)
    gauge.observe(undated)
    gauge.observe({ ...undated, dateHeader: `${dateHeader} ` })

    expect(gauge.current()).toEqual([])
  })

  it('keeps 31 observations of 32 hosts', () => {
    const gauge = createSkewGauge(() => AT + 100_000)
    for (let n = 0; n < 31; n += 1) gauge.observe(observation('a', 0, AT))
    for (let n = 0; n < 31; n += 1) gauge.observe(observation('a', 8000, AT))
    expect(gauge.current()[0]?.skewMs).toBe(8000)

    for (let n = 0; n < 32; n += 1) gauge.observe(observation(`h${n}`, 0, AT))
    const hosts = gauge.current().map(({ host }) => host)
    expect(hosts).toHaveLength(32)
    expect(hosts).not.toContain('a')
  })
})
