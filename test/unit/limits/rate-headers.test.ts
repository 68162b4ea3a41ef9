import { describe, expect, it } from '@jest/globals'
import type { LimitName, Standing } from '../../../src/limits/limiter.ts'
import { policyHeader, standingHeader, tighter } from '../../../src/limits/rate-headers.ts'

const standing = (name: LimitName, remaining: number, resetMs: number): Standing => ({
  policy: { name, quota: 100, windowMs: 10_000 },
  remaining,
  resetMs,
  exceeded: false,
})

describe('the nearest limit', () => {
  it('is the one of which the fewest are left', () => {
    const few = standing('key', 3, 10)
    const many = standing('address', 4, 9000)

    expect(tighter(few, many)).toBe(few)
    expect(tighter(many, few)).toBe(few)
  })

  it('is, of equals, the one that lasts longer', () => {
    const long = standing('key', 3, 11)
    const short = standing('address', 3, 10)

    expect(tighter(long, short)).toBe(long)
    expect(tighter(short, long)).toBe(long)
  })

  it('is the only one there is', () => {
    const only = standing('key', 3, 10)

    expect([tighter(only, null), tighter(null, only), tighter(null, null)]).toEqual([
      only,
      only,
      null,
    ])
  })
})

it('is told in whole seconds, never too few', () => {
  expect(standingHeader(standing('key', 90, 7000))).toBe('"key";r=90;t=7')
  expect(standingHeader(standing('key', 90, 7001))).toBe('"key";r=90;t=8')
  expect(standingHeader(standing('connection', 0, 1))).toBe('"connection";r=0;t=1')
})

it('names every limit in one list', () => {
  expect(
    policyHeader([
      { name: 'address', quota: 20_000, windowMs: 10_000 },
      { name: 'key', quota: 10_000, windowMs: 1500 },
    ]),
  ).toBe('"address";q=20000;w=10, "key";q=10000;w=2')
  expect(policyHeader([])).toBe('')
})
