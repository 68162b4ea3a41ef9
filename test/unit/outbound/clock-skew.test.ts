import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { estimateSkew, readSkew } from '../../../src/outbound/clock-skew.ts'
import { header } from './clock-world.ts'

const AT = Date.parse('2026-11-20T17:00:00Z')

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

describe('an answer', () => {
  const fact = {
    host: 'a.example',
    status: 200,
    cached: false,
    dateHeader: header(AT),
    requestedAt: AT,
    receivedAt: AT + 1000,
  }

  it.each([200, 299, 400, 403, 429, 499])('with status %i tells the time', (status) => {
    expect(readSkew({ ...fact, status })).toBe(0)
  })

  it.each([300, 302, 399, 407, 500, 502, 599])(
    'with status %i does not: something in between may have made it',
    (status) => {
      expect(readSkew({ ...fact, status })).toBeNull()
    },
  )

  it('that a cache has kept does not', () => {
    expect(readSkew({ ...fact, cached: true })).toBeNull()
  })

  it('without a date, or with one that cannot be read, does not', () => {
    const { dateHeader, ...undated } = fact

    expect(readSkew(undated)).toBeNull()
    expect(readSkew({ ...undated, dateHeader: `${dateHeader} ` })).toBeNull()
  })
})
