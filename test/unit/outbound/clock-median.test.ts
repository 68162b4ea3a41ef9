import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { agreedSkew, medianNear } from '../../../src/outbound/clock-median.ts'

describe('a median', () => {
  it.each([
    [[5], 0, 5],
    [[9, 1, 5], 0, 5],
    [[9, 1, 5], 100, 5],
    [[], 7, 7],
  ])('of %j, near %d, is %d', (values, near, median) => {
    expect(medianNear(values, near)).toBe(median)
  })

  it.each([
    ['below both', 0, 10],
    ['above both', 99, 20],
    ['between them', 14, 14],
    ['on the lower', 10, 10],
    ['on the upper', 20, 20],
  ])('of an even number of values keeps to what was known, %s', (_, near, median) => {
    expect(medianNear([30, 20, 10, 0], near)).toBe(median)
  })
})

describe('what hosts agree on', () => {
  it.each<readonly [string, number[][], number, number | null]>([
    ['nothing was observed', [], 0, null],
    ['there is one observation', [[5000]], 5000, null],
    ['one host says the same twice', [[5000, 5000]], 0, 5000],
    ['two hosts say the same', [[5000], [5000]], 0, 5000],
    ['one of two answers is odd', [[0, 90_000]], 0, 0],
    ['one of two hosts is odd', [[0], [90_000, 90_000, 90_000]], 0, 0],
    [
      'one of two hosts is odd, later',
      [
        [5000, 5000],
        [90_000, 90_000],
      ],
      5000,
      5000,
    ],
    ['one host contradicts itself', [[0, 5000, 0, 5000]], 5000, 5000],
    ['one of three hosts is a liar', [[5000], [5100], [90_000, 90_000, 90_000]], 0, 5100],
    ['one odd answer is among three of a host', [[5000, 5000, -90_000], [5000]], 0, 5000],
  ])('when %s: %j, after %d: %p', (_, hosts, near, agreed) => {
    expect(agreedSkew(hosts, near)).toBe(agreed)
  })

  it('is nothing that lies outside of what was said and what was known', () => {
    const skew = fc.integer({ min: -1e7, max: 1e7 })
    fc.assert(
      fc.property(fc.array(fc.array(skew, { minLength: 1 })), skew, (hosts, near) => {
        const agreed = agreedSkew(hosts, near)
        const all = [...hosts.flat(), near]
        if (agreed === null) expect(hosts.flat().length).toBeLessThan(2)
        else {
          expect(agreed).toBeGreaterThanOrEqual(Math.min(...all))
          expect(agreed).toBeLessThanOrEqual(Math.max(...all))
        }
      }),
    )
  })
})
