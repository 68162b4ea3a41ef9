import { describe, expect, it } from '@jest/globals'
import type { RefreshState } from '../../../src/vault/record.ts'
import {
  graceUntil,
  isUncertain,
  mayRecoverEarly,
  type RotationPolicy,
  UNKNOWN_ROTATION,
} from '../../../src/vault/rotation.ts'
import { T0 } from './support/records.ts'

const stateOf = (changes: Partial<RefreshState>): RefreshState => ({
  state: 'uncertain',
  since: T0,
  failures: 1,
  ...changes,
})
const withGrace = (graceMs: number): RotationPolicy => ({
  rotation: 'rotate',
  graceMs,
  reuseRevokes: true,
})

describe('isUncertain', () => {
  it.each([
    [{ state: 'uncertain' }, true],
    [{ state: 'uncertain', retryAt: T0 + 1 }, true],
    [{ state: 'ok' }, false],
    [{ state: 'ok', failures: 3, spentAt: T0 }, false],
    [{ state: 'consent_required' }, false],
    [{ state: 'refreshing', until: T0 + 1, recovering: false }, false],
    [{ state: 'refreshing', until: T0 + 1 }, false],
    [{ state: 'refreshing', until: T0 + 1, recovering: true }, true],
    [{ state: 'refreshing', until: T0, recovering: false }, true],
    [{ state: 'refreshing', recovering: false }, true],
  ] as const)('of %j says %j', (changes, expected) => {
    expect(isUncertain(stateOf(changes), T0)).toBe(expected)
  })
})

describe('graceUntil', () => {
  it.each([
    ['a fifth of a short period', 10_000, 8_000],
    ['a fifth, up to five seconds', 25_000, 20_000],
    ['five seconds of a longer one', 25_001, 20_001],
    ['five seconds of a long one', 60_000, 55_000],
  ])('leaves %s: of %d ms there are %d', (_, graceMs, usableMs) => {
    expect(graceUntil(stateOf({ spentAt: T0 }), withGrace(graceMs))).toBe(T0 + usableMs)
  })

  it('counts from when the token can first have been spent, not from the last failure', () => {
    expect(graceUntil(stateOf({ since: T0 + 20_000, spentAt: T0 }), withGrace(60_000))).toBe(
      T0 + 55_000,
    )
  })

  it('counts from the present state in a record that does not say when that was', () => {
    expect(graceUntil(stateOf({ since: T0 + 7 }), withGrace(60_000))).toBe(T0 + 55_007)
  })

  it('is never where no period is known', () => {
    expect(graceUntil(stateOf({ spentAt: T0 }), UNKNOWN_ROTATION)).toBe(0)
  })
})

describe('mayRecoverEarly', () => {
  it.each([
    ['none', 0, T0 + 1e9, true],
    ['unknown', 0, T0, false],
    ['rotate', 0, T0, false],
    ['rotate', 60_000, T0 + 55_000 - 1, true],
    ['rotate', 60_000, T0 + 55_000, false],
  ] as const)(
    'with rotation %s and %d ms of grace, at %d: %j',
    (rotation, graceMs, now, expected) => {
      const policy = { rotation, graceMs, reuseRevokes: true }

      expect(mayRecoverEarly(stateOf({ spentAt: T0 }), policy, now)).toBe(expected)
    },
  )
})

it('assumes the worst where nothing is known', () => {
  expect(UNKNOWN_ROTATION).toEqual({ rotation: 'unknown', graceMs: 0, reuseRevokes: true })
})
