import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { jitterOf, knoxTokenDueAt } from '../../../src/vault/due.ts'
import {
  assertUsable,
  dueAtOf,
  type HandOutRequest,
  planHandOut,
} from '../../../src/vault/hand-out-plan.ts'
import type { Connection, RefreshState } from '../../../src/vault/record.ts'
import { type RotationPolicy, UNKNOWN_ROTATION } from '../../../src/vault/rotation.ts'
import { aConnection, KNOX_TOKEN, T0, withKnoxToken } from './support/records.ts'
import { HOUR, MINUTE } from './support/samsung.ts'
import { codeOf } from './support/world.ts'

const POLICY = { rejectedIntervalMs: MINUTE, marginMs: 30_000 }
const END = KNOX_TOKEN.expiresAt
const DUE = knoxTokenDueAt(T0, END, jitterOf(aConnection().id))
const KEPT = withKnoxToken(aConnection())

const plan = (now: number, request: Partial<HandOutRequest> = {}, connection: Connection = KEPT) =>
  planHandOut(connection, { minTtlMs: 60_000, arrivedAt: now, ...request }, POLICY, now)

describe('planHandOut', () => {
  it('makes a token when there is none', () => {
    expect(plan(T0, {}, aConnection())).toBe('mint')
  })

  it.each([
    [DUE - 1, 'serve'],
    [DUE, 'serve_and_renew'],
    [END - 60_000, 'serve_and_renew'],
    [END - 59_999, 'mint'],
    [END, 'mint'],
  ])('at %d it says %s', (now, expected) => {
    expect(plan(now)).toBe(expected)
  })

  it.each([
    [30 * MINUTE - 30_000, T0, 'serve'],
    [30 * MINUTE - 30_000, T0 + 30_000, 'serve'],
    [30 * MINUTE - 30_000, T0 + 30_001, 'mint'],
    [30 * MINUTE, T0, 'serve'],
    [0, END - 1, 'serve_and_renew'],
    [0, END, 'mint'],
  ])('for a wish of %d ms at %d it says %s', (minTtlMs, now, expected) => {
    expect(plan(now, { minTtlMs })).toBe(expected)
  })

  it('serves what was made after the call arrived, however short it lives', () => {
    const short = withKnoxToken(aConnection(), { expiresAt: T0 + 1000 })

    expect(plan(T0 + 999, { arrivedAt: T0 }, short)).not.toBe('mint')
    expect(plan(T0 + 1000, { arrivedAt: T0 }, short)).toBe('mint')
    expect(plan(T0 + 999, { arrivedAt: T0 + 1, minTtlMs: 0 }, short)).not.toBe('mint')
  })

  it.each([
    [T0, 'serve'],
    [T0 + 1, 'mint'],
  ])(
    'serves a caller of %d what was made at that moment, and no later one: %s',
    (arrivedAt, expected) => {
      const wish = { arrivedAt, minTtlMs: 30 * MINUTE - 30_000 }

      expect(plan(T0 + MINUTE, wish)).toBe(expected)
    },
  )

  it.each([
    [-1, 'serve_and_renew'],
    [0, 'serve'],
  ])('%d ms after a consent that cannot be renewed has ended: %s', (after, expected) => {
    const last = { mintedAt: T0 + HOUR - 29 * MINUTE, expiresAt: T0 + HOUR + MINUTE + 1 }
    const final = withKnoxToken(aConnection({ without: 'refreshToken' }), last)

    expect(plan(T0 + HOUR + after, {}, final)).toBe(expected)
  })

  it.each([
    ['another token', 'id-0', undefined, 'serve'],
    ['the kept token', 'id-1', undefined, 'mint'],
    ['the kept token, replaced a minute ago', 'id-1', T0 - MINUTE, 'mint'],
    ['the kept token, replaced less than a minute ago', 'id-1', T0 - MINUTE + 1, 'serve'],
  ])('when a portal says that Knox refused %s', (_, rejected, replacedAt, expected) => {
    const connection = withKnoxToken(aConnection(), replacedAt === undefined ? {} : { replacedAt })

    expect(plan(T0, { rejected }, connection)).toBe(expected)
  })

  it('replaces at once what this service saw refused itself', () => {
    const connection = withKnoxToken(aConnection(), { replacedAt: T0 })

    expect(plan(T0, { rejected: 'id-1', force: true }, connection)).toBe('mint')
    expect(plan(T0, { rejected: 'id-0', force: true }, connection)).toBe('serve')
  })

  it('serves the last token of a consent that has ended, and does not try to renew it', () => {
    const final = withKnoxToken(aConnection({ without: 'refreshToken' }), {
      mintedAt: T0 + HOUR - MINUTE,
      expiresAt: T0 + HOUR + 29 * MINUTE,
    })

    expect(plan(T0 + HOUR + 28 * MINUTE, {}, final)).toBe('serve')
    expect(plan(T0 + HOUR + 28 * MINUTE + 1, {}, final)).toBe('mint')
  })

  it('never hands out a token that has ended, nor one with less life than was asked for', () => {
    const ms = fc.integer({ min: 0, max: 2 * HOUR })
    fc.assert(
      fc.property(ms, ms, ms, ms, (life, age, minTtlMs, waited) => {
        const now = T0 + age
        const connection = withKnoxToken(aConnection(), { expiresAt: T0 + life })
        const arrivedAt = now - waited

        const decided = plan(now, { minTtlMs, arrivedAt }, connection)
        if (decided === 'mint') return
        expect(T0 + life).toBeGreaterThan(now)
        const madeForThis = T0 >= arrivedAt
        const mostPossible = life - POLICY.marginMs
        expect(madeForThis || T0 + life - now >= Math.min(minTtlMs, mostPossible)).toBe(true)
      }),
    )
  })
})

describe('a token that is due, and a refresh token that may have been spent', () => {
  const SPENT = DUE - 10_000
  const uncertain = { state: 'uncertain', since: SPENT, spentAt: SPENT, failures: 1 } as const
  const rotates: RotationPolicy = { ...UNKNOWN_ROTATION, rotation: 'rotate' }
  const none: RotationPolicy = { ...UNKNOWN_ROTATION, rotation: 'none' }

  /** The access token has `lifeMs` left when the kept token falls due. */
  function planOf(
    policy: RotationPolicy | undefined,
    { refresh = uncertain as RefreshState, lifeMs = 0, now = DUE } = {},
  ) {
    const tokenSet = { accessExpiresAt: DUE + lifeMs }
    const connection = withKnoxToken(aConnection({ refresh, tokenSet }))
    const rotationOf = policy === undefined ? {} : { rotationOf: () => policy }
    const request = { minTtlMs: 60_000, arrivedAt: now }
    return planHandOut(connection, request, { ...POLICY, ...rotationOf }, now)
  }

  it.each([
    ['nothing is said', undefined],
    ['nothing is known', UNKNOWN_ROTATION],
    ['tokens are replaced', rotates],
    ['a grace period is over', { ...rotates, graceMs: 10_000 }],
  ])('is served and not renewed where reuse revokes everything (%s)', (_, policy) => {
    expect(planOf(policy)).toBe('serve')
  })

  it.each([
    ['reuse costs nothing', { ...rotates, reuseRevokes: false }],
    ['tokens are not replaced', none],
    ['a grace period runs', { ...rotates, graceMs: 30_000 }],
  ])('is renewed meanwhile where %s', (_, policy) => {
    expect(planOf(policy)).toBe('serve_and_renew')
  })

  it.each([
    ['a grace period has a moment left', 'serve_and_renew', 12_501],
    ['a grace period has ended but for its margin', 'serve', 12_500],
  ])('when %s: %s', (_, expected, graceMs) => {
    expect(planOf({ ...rotates, graceMs })).toBe(expected)
  })

  it.each([
    ['is sent no more', 'serve', 15_000],
    ['can still be sent', 'serve_and_renew', 15_001],
  ])('with an access token that %s: %s', (_, expected, lifeMs) => {
    expect(planOf(rotates, { lifeMs })).toBe(expected)
  })

  it.each([
    [{ ...uncertain, state: 'ok' }, 'serve_and_renew'],
    [{ ...uncertain, state: 'refreshing', until: DUE + 1 }, 'serve_and_renew'],
    [{ ...uncertain, state: 'refreshing', until: DUE }, 'serve'],
    [{ ...uncertain, state: 'refreshing', until: DUE + 1, recovering: true }, 'serve'],
  ] as const)('in state %j: %s', (refresh, expected) => {
    expect(planOf(rotates, { refresh })).toBe(expected)
  })

  it('is replaced all the same once it would not do any more', () => {
    expect(planOf(rotates, { now: END - 60_000 })).toBe('serve')
    expect(planOf(rotates, { now: END - 59_999 })).toBe('mint')
  })
})

describe('dueAtOf', () => {
  it('uses a consent that cannot be renewed once more just before its end', () => {
    const lastCallAt = T0 + HOUR - 2 * MINUTE
    const dueOf = (mintedAt: number) => {
      const changes = { mintedAt, expiresAt: mintedAt + 30 * MINUTE }
      const connection = withKnoxToken(aConnection({ without: 'refreshToken' }), changes)
      return dueAtOf(connection, { ...KNOX_TOKEN, ...changes })
    }

    expect(dueOf(lastCallAt - 1)).toBe(lastCallAt)
    expect(dueOf(lastCallAt)).toBeGreaterThan(T0 + HOUR)
    expect(dueOf(T0)).toBe(DUE)
  })
})

describe('assertUsable', () => {
  it.each([
    [{}, 'resolved'],
    [{ refresh: { state: 'uncertain' } }, 'resolved'],
    [{ refresh: { state: 'refreshing' } }, 'resolved'],
    [{ refresh: { state: 'consent_required' } }, 'consent_required'],
    [{ connection: { frozenAt: T0 } }, 'connection_frozen'],
    [{ connection: { frozenAt: T0 }, refresh: { state: 'consent_required' } }, 'connection_frozen'],
  ] as const)('of %j says %s', async (changes, expected) => {
    expect(await codeOf((async () => assertUsable(aConnection(changes)))())).toBe(expected)
  })
})
