import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { newConnectionId } from '../../../src/shared/ids.ts'
import { backoffMs, jitterOf, knoxTokenDueAt, tokenSetDueAt } from '../../../src/vault/due.ts'
import { HOUR, MINUTE } from './support/samsung.ts'

const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
const life = fc.integer({ min: 1, max: 365 * 24 * HOUR })
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('jitterOf', () => {
  it('is the same for one connection wherever it is asked', () => {
    expect(jitterOf('conn_a')).toBe(jitterOf('conn_a'))
  })

  it('spreads a thousand connections made in one millisecond over all of [0, 1)', () => {
    const tenths = Array.from({ length: 1000 }, () =>
      Math.floor(10 * jitterOf(newConnectionId(1_000_000))),
    )

    const counts = Array.from(
      { length: 10 },
      (_, tenth) => tenths.filter((t) => t === tenth).length,
    )
    expect(Math.min(...counts)).toBeGreaterThan(50)
    expect(counts.reduce((sum, count) => sum + count)).toBe(1000)
  })
})

describe('tokenSetDueAt', () => {
  it.each([
    [0, 40 * MINUTE],
    [0.5, 38.5 * MINUTE],
  ])('with jitter %d renews an hour’s token %d ms after it was issued', (jitter, expected) => {
    expect(tokenSetDueAt(1000, 1000 + HOUR, jitter)).toBe(1000 + expected)
  })

  it('lies within the life of the token, at two thirds of it or up to 5 % of it before', () => {
    fc.assert(
      fc.property(time, life, jitter, (issuedAt, lifeMs, jitter) => {
        const dueAt = tokenSetDueAt(issuedAt, issuedAt + lifeMs, jitter)

        expect(Number.isInteger(dueAt)).toBe(true)
        expect(dueAt).toBeGreaterThanOrEqual(issuedAt + Math.floor(lifeMs * (2 / 3 - 0.05)) - 1)
        expect(dueAt).toBeLessThanOrEqual(issuedAt + lifeMs * (2 / 3) + 1)
      }),
    )
  })

  it('is due at once when a token had ended before it was issued', () => {
    expect(tokenSetDueAt(1000, 500, 0.3)).toBe(1000)
  })
})

describe('knoxTokenDueAt', () => {
  it.each([
    [30 * MINUTE, 28 * MINUTE],
    [10 * MINUTE, 8 * MINUTE],
    [9 * MINUTE, 7.2 * MINUTE],
    [MINUTE, 48_000],
  ])('replaces a token of %d ms after %d ms', (lifeMs, expected) => {
    expect(knoxTokenDueAt(1000, 1000 + lifeMs, 0)).toBe(1000 + expected)
  })

  it('lies after minting and before the end, for every life and jitter', () => {
    fc.assert(
      fc.property(time, life, jitter, (mintedAt, lifeMs, jitter) => {
        const dueAt = knoxTokenDueAt(mintedAt, mintedAt + lifeMs, jitter)

        expect(dueAt).toBeGreaterThanOrEqual(mintedAt)
        expect(dueAt).toBeLessThan(mintedAt + lifeMs)
      }),
    )
  })
})

describe('backoffMs', () => {
  it.each([
    [0, 500],
    [1, 500],
    [2, 1000],
    [3, 2000],
    [7, 32_000],
    [8, 60_000],
    [9, 60_000],
    [1_000_000, 60_000],
  ])('waits after %d failures in a row %d ms', (failures, expected) => {
    expect(backoffMs(failures, 500, 60_000)).toBe(expected)
  })
})
