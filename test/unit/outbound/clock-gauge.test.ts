import { describe, expect, it } from '@jest/globals'
import { createSkewGauge } from '../../../src/outbound/clock-gauge.ts'
import { createTime, HOUR, header, SECOND } from './clock-world.ts'

/** A gauge, and answers for it that a server's clock has dated. */
function setUp() {
  const time = createTime()
  const gauge = createSkewGauge(time)
  /** An answer that took no time. */
  const fact = (host: string, skewMs: number) => {
    time.advance(SECOND)
    const at = time.clock()
    const dateHeader = header(at + skewMs)
    return { host, status: 200, cached: false, dateHeader, requestedAt: at, receivedAt: at }
  }
  const observe = (host: string, skewMs: number) => gauge.observe(fact(host, skewMs))
  return { time, gauge, fact, observe }
}

describe('a gauge', () => {
  it('reports the median per host, so that one slow answer does not count', () => {
    const { time, gauge, observe } = setUp()
    for (const skewMs of [2000, 90_000, 3000]) observe('a', skewMs)
    observe('b', -5000)

    expect(gauge.current()).toEqual([
      { host: 'a', skewMs: 3000, observedAt: time.clock() - SECOND },
      { host: 'b', skewMs: -5000, observedAt: time.clock() },
    ])
    expect(gauge.observations()).toEqual([[2000, 90_000, 3000], [-5000]])
  })

  it('forgets what is an hour old', () => {
    const { time, gauge, observe } = setUp()
    observe('a', 2000)

    time.advance(HOUR - 1)
    expect(gauge.current()).toHaveLength(1)
    expect(gauge.observations()).toEqual([[2000]])
    time.advance(1)
    expect(gauge.current()).toEqual([])
    expect(gauge.observations()).toEqual([])
  })

  it('counts the same date of a host once, also when another came between', () => {
    const { gauge, fact, observe } = setUp()
    const kept = fact('a', 0)
    gauge.observe(kept)
    observe('a', 1000)
    for (const ms of [1, 60_000, 600_000])
      gauge.observe({
        ...kept,
        requestedAt: kept.requestedAt + ms,
        receivedAt: kept.receivedAt + ms,
      })
    gauge.observe({ ...kept, host: 'b' })

    expect(gauge.observations()).toEqual([[0, 1000], [0]])
  })

  it('passes over answers that say nothing about the clock of their server', () => {
    const { gauge, fact } = setUp()
    const { dateHeader: _, ...undated } = fact('a', 0)
    gauge.observe(undated)
    gauge.observe({ ...fact('a', 0), status: 502 })
    gauge.observe({ ...fact('a', 0), cached: true })

    expect(gauge.current()).toEqual([])
  })

  it('keeps 31 observations of 32 hosts', () => {
    const { gauge, observe } = setUp()
    for (let n = 0; n < 31; n += 1) observe('a', 0)
    for (let n = 0; n < 31; n += 1) observe('a', 8000)
    expect(gauge.observations()).toEqual([Array.from({ length: 31 }, () => 8000)])

    for (let n = 0; n < 32; n += 1) observe(`h${n}`, 0)
    const hosts = gauge.current().map(({ host }) => host)
    expect(hosts).toHaveLength(32)
    expect(hosts).not.toContain('a')

    observe('h0', 0)
    observe('new', 0)
    const later = gauge.current().map(({ host }) => host)
    expect(later).toContain('h0')
    expect(later).not.toContain('h1')
  })

  it.each([
    [1000, 1],
    [-1000, 1],
    [1001, 0],
    [-1001, 0],
    [240_000, 0],
  ])('whose clock is set by %i ms still has %i observations', (ms, count) => {
    const { time, gauge, observe } = setUp()
    observe('a', 0)
    time.set(ms)

    expect(gauge.observations()).toHaveLength(count)
    time.advance(SECOND)
    observe('a', 5000)
    expect(gauge.observations()[0]).toHaveLength(count + 1)
  })

  it('that is to believe an answer counts it for two, and forgets every other', () => {
    const { gauge, fact, observe } = setUp()
    for (const host of ['a', 'b']) observe(host, 0)
    const last = fact('a', -240_000)
    gauge.observe(last)
    gauge.believe(last)

    expect(gauge.observations()).toEqual([[-240_000, -240_000]])
    gauge.observe(last)
    expect(gauge.observations()).toEqual([[-240_000, -240_000]])
  })

  it('believes an answer that came right after the clock was set', () => {
    const { time, gauge, fact } = setUp()
    time.set(240_000)
    gauge.believe(fact('a', 0))

    expect(gauge.observations()).toEqual([[0, 0]])
  })
})
