import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  ACCESS_TOKEN_MARGIN_MS,
  mayRenewRefused,
  planAccess,
} from '../../../src/vault/access-plan.ts'
import { jitterOf, tokenSetDueAt } from '../../../src/vault/due.ts'
import type { LastError, RefreshState } from '../../../src/vault/record.ts'
import { type RotationPolicy, UNKNOWN_ROTATION } from '../../../src/vault/rotation.ts'
import { aConnection, KNOX_TOKEN, T0 } from './support/records.ts'
import { HOUR, MINUTE } from './support/samsung.ts'

const END = T0 + HOUR
const DUE = tokenSetDueAt(T0, END, jitterOf(aConnection().id))
/** The first moment at which so little is left that the token is not sent. */
const TOO_LATE = END - ACCESS_TOKEN_MARGIN_MS

describe('planAccess with a refresh token', () => {
  it.each([
    ['use', T0],
    ['use', DUE - 1],
    ['renew_or_use', DUE],
    ['renew_or_use', TOO_LATE - 1],
    ['renew', TOO_LATE],
    ['renew', END + HOUR],
  ])('says %s at %d', (plan, now) => {
    expect(planAccess(aConnection(), now)).toBe(plan)
  })

  it.each([
    ['after a failure, until the next attempt', { failures: 1, retryAt: DUE + 1 }, DUE, 'use'],
    ['after a failure, then', { failures: 1, retryAt: DUE }, DUE, 'renew_or_use'],
    ['while another renews', { state: 'refreshing', until: END }, DUE, 'use'],
    ['after a holder vanished', { state: 'refreshing', until: DUE - 1 }, DUE, 'use'],
    ['after an unknown outcome', { state: 'uncertain', failures: 1 }, DUE, 'use'],
    ['after an unknown outcome', { state: 'uncertain', failures: 1 }, TOO_LATE, 'renew'],
    ['without consent', { state: 'consent_required' }, T0, 'consent_required'],
  ] as const)('%s (%j) at %d: %s', (_, refresh, now, plan) => {
    expect(planAccess(aConnection({ refresh }), now)).toBe(plan)
  })
})

describe('planAccess after an unknown outcome, while the access token lives', () => {
  const RETRY = T0 + 1000
  const uncertain = { state: 'uncertain', failures: 1, spentAt: T0, retryAt: RETRY } as const
  const none: RotationPolicy = { ...UNKNOWN_ROTATION, rotation: 'none' }
  const rotates: RotationPolicy = { ...UNKNOWN_ROTATION, rotation: 'rotate' }
  const grace: RotationPolicy = { ...rotates, graceMs: 60_000 }
  const forgiving: RotationPolicy = { ...rotates, reuseRevokes: false }
  const GRACE_END = T0 + 55_000

  it.each([
    ['nothing is known', 'use', UNKNOWN_ROTATION, RETRY],
    ['tokens are replaced', 'use', rotates, RETRY],
    ['tokens are replaced and reuse costs nothing', 'use', forgiving, RETRY],
    ['tokens are not replaced, before its time', 'use', none, RETRY - 1],
    ['tokens are not replaced', 'renew_or_use', none, RETRY],
    ['tokens are not replaced, much later', 'renew_or_use', none, TOO_LATE - 1],
    ['a grace period runs, before its time', 'use', grace, RETRY - 1],
    ['a grace period runs', 'renew_or_use', grace, RETRY],
    ['a grace period is about to end', 'renew_or_use', grace, GRACE_END - 1],
    ['a grace period has ended', 'use', grace, GRACE_END],
  ] as const)('and %s: %s', (_, plan, policy, now) => {
    expect(planAccess(aConnection({ refresh: uncertain }), now, policy)).toBe(plan)
  })

  it.each([
    ['a recovery is under way', 'use', { recovering: true, until: RETRY + 1 }],
    ['a recovery has vanished', 'renew_or_use', { recovering: true, until: RETRY }],
    ['a first attempt has vanished', 'renew_or_use', { until: RETRY }],
  ] as const)('and %s within a grace period: %s', (_, plan, changes) => {
    const refresh = { ...uncertain, ...changes, state: 'refreshing' } as const

    expect(planAccess(aConnection({ refresh }), RETRY, grace)).toBe(plan)
    expect(planAccess(aConnection({ refresh }), RETRY, rotates)).toBe('use')
  })

  it('spends nothing where there is nothing to spend', () => {
    const connection = aConnection({ refresh: uncertain, without: 'refreshToken' })

    expect(planAccess(connection, RETRY, none)).toBe('use')
  })

  it.each([none, rotates, grace, forgiving, UNKNOWN_ROTATION])(
    'and recovers whatever is known once it has ended (%j)',
    (policy) => {
      expect(planAccess(aConnection({ refresh: uncertain }), TOO_LATE, policy)).toBe('renew')
    },
  )
})

describe('planAccess without a refresh token', () => {
  it.each([
    ['use', DUE],
    ['use', TOO_LATE],
    ['use', END - 1],
    ['consent_required', END],
  ])('says %s at %d', (plan, now) => {
    expect(planAccess(aConnection({ without: 'refreshToken' }), now)).toBe(plan)
  })
})

it('never lets a token be used that has ended, nor a refresh token be spent without consent', () => {
  const state = fc.constantFrom<RefreshState['state']>(
    'ok',
    'refreshing',
    'uncertain',
    'consent_required',
  )
  fc.assert(
    fc.property(
      state,
      fc.boolean(),
      fc.integer({ min: T0, max: END + HOUR }),
      (state, final, now) => {
        const refresh = { state }
        const connection = aConnection(final ? { refresh, without: 'refreshToken' } : { refresh })

        const plan = planAccess(connection, now)
        if (plan === 'use' || plan === 'renew_or_use') expect(now).toBeLessThan(END)
        if (state === 'consent_required') expect(plan).toBe('consent_required')
        if (final) expect(['use', 'consent_required']).toContain(plan)
      },
    ),
  )
})

it('leaves a tenth of a short life unused instead of all of it', () => {
  const short = aConnection({ tokenSet: { accessExpiresAt: T0 + 10_000 } })

  expect(planAccess(short, T0 + 8_999)).not.toBe('renew')
  expect(planAccess(short, T0 + 9_000)).toBe('renew')
})

describe('mayRenewRefused', () => {
  const REFUSED = '4010011'
  const error: LastError = {
    at: T0,
    code: 'upstream_refused_client',
    owner: 'operator',
    upstreamCode: REFUSED,
  }
  const renews = (lastError: LastError, now = T0) =>
    mayRenewRefused(aConnection({ binding: { lastError } }), REFUSED, now)

  it('renews where there is a refresh token', () => {
    expect(mayRenewRefused(aConnection(), REFUSED, T0)).toBe(true)
  })

  it.each([
    [undefined, false],
    [KNOX_TOKEN, true],
    [{ ...KNOX_TOKEN, generation: 0 }, false],
  ])('without one, ends the consent only of what has worked (%j)', (knoxToken, expected) => {
    const connection = aConnection({
      without: 'refreshToken',
      binding: knoxToken === undefined ? {} : { knoxToken },
    })

    expect(mayRenewRefused(connection, REFUSED, T0)).toBe(expected)
  })

  it.each([
    [MINUTE - 1, false],
    [MINUTE, true],
  ])('%d ms after a renewal that did not help: %j', (age, expected) => {
    expect(renews(error, T0 + age)).toBe(expected)
    // Calls in between note it again.
    expect(renews({ ...error, at: T0 + age }, T0 + age)).toBe(expected)
  })

  it('does not take another failure for a renewal that did not help', () => {
    expect(renews({ ...error, upstreamCode: '4010050' })).toBe(true)
    expect(renews({ ...error, code: 'upstream_timeout' })).toBe(true)
  })
})
