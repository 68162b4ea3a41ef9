import { describe, expect, it } from '@jest/globals'
import { noteTrust } from '../../../src/vault/connection-transitions.ts'
import { newProgramConnection } from '../../../src/vault/program-connection.ts'
import { consentExpiresAt, isRenewable, statusOf } from '../../../src/vault/status.ts'
import { aConnection, type RecordChanges, T0, withKnoxToken } from './support/records.ts'
import { HOUR, MINUTE } from './support/samsung.ts'

const at = (changes: RecordChanges, now = T0) => statusOf(aConnection(changes), now)

const TRUST_MISSING = { trust: { present: false, checkedAt: T0 } }
const LAST_ERROR = { lastError: { at: T0, code: 'upstream_timeout', owner: 'samsung' } } as const

describe('statusOf', () => {
  it('is active when nothing stands in the way', () => {
    expect(at({})).toEqual({ status: 'active' })
    expect(at({ binding: { trust: { present: true, checkedAt: T0 } } })).toEqual({
      status: 'active',
    })
  })

  it.each([
    ['frozen', { connection: { frozenAt: T0 } }, 'frozen', 'frozen'],
    ['refused', { refresh: { state: 'consent_required' } }, 'consent_required', 'refused'],
    [
      'refused after a crash',
      { refresh: { state: 'consent_required', reason: 'refused_after_unknown_outcome' } },
      'consent_required',
      'refused_after_unknown_outcome',
    ],
    ['uncertain', { refresh: { state: 'uncertain' } }, 'degraded', 'refresh_outcome_unknown'],
    ['failing', { refresh: { failures: 1 } }, 'degraded', 'refresh_failing'],
    [
      'left by a vanished holder',
      { refresh: { state: 'refreshing', until: T0 } },
      'degraded',
      'refresh_outcome_unknown',
    ],
    [
      'in recovery',
      { refresh: { state: 'refreshing', recovering: true, until: T0 + 1 } },
      'degraded',
      'refresh_outcome_unknown',
    ],
    [
      'trying again',
      { refresh: { state: 'refreshing', failures: 1, until: T0 + 1 } },
      'degraded',
      'refresh_failing',
    ],
    ['without trust', { binding: TRUST_MISSING }, 'trust_missing', 'trust_missing'],
    ['with an error', { binding: LAST_ERROR }, 'degraded', 'upstream_timeout'],
  ] as const)('of a connection %s', (_, changes, status, reason) => {
    expect(at(changes)).toEqual({ status, reason })
  })

  it('is active while a holder renews within its lease', () => {
    expect(at({ refresh: { state: 'refreshing', until: T0 + 1 } })).toEqual({ status: 'active' })
  })

  it('shows the most serious of everything at once', () => {
    const binding = { ...TRUST_MISSING, ...LAST_ERROR }
    const refresh = { state: 'consent_required' } as const

    expect(at({ connection: { frozenAt: T0 }, refresh, binding }).status).toBe('frozen')
    expect(at({ refresh, binding }).status).toBe('consent_required')
    expect(at({ binding }).status).toBe('degraded')
    expect(at({ binding: TRUST_MISSING }).status).toBe('trust_missing')
  })

  it.each([
    [15 * MINUTE - 1, 'degraded'],
    [15 * MINUTE, 'active'],
  ])('after %d ms an error counts as %s', (age, status) => {
    expect(at({ binding: LAST_ERROR }, T0 + age).status).toBe(status)
  })

  it.each([
    [HOUR - 1, 'active'],
    [HOUR, 'consent_required'],
  ])('of what cannot be renewed is after %d ms %s', (age, status) => {
    expect(at({ without: 'refreshToken' }, T0 + age).status).toBe(status)
  })

  it('of what cannot be renewed lasts as long as its last Knox token', () => {
    const connection = withKnoxToken(aConnection({ without: 'refreshToken' }), {
      expiresAt: T0 + 2 * HOUR,
    })

    expect(statusOf(connection, T0 + 2 * HOUR - 1).status).toBe('active')
    expect(statusOf(connection, T0 + 2 * HOUR)).toEqual({
      status: 'consent_required',
      reason: 'not_renewable',
    })
  })
})

describe('while the program is held', () => {
  const upstream = { service: 'samsung-account' } as const
  const ALARM = { operation: 'refresh', upstream, since: T0 } as const
  const held = (changes: RecordChanges, now = T0) => statusOf(aConnection(changes), now, ALARM)

  it.each([
    ['works', {}],
    ['was broken off in a renewal', { refresh: { state: 'uncertain' } }],
    ['failed to be renewed', { refresh: { failures: 1 } }],
    ['lacks trust', { binding: TRUST_MISSING }],
    ['had an error', { binding: LAST_ERROR }],
  ] as const)('a connection that %s is degraded for that', (_, changes) => {
    expect(held(changes)).toEqual({ status: 'degraded', reason: 'program_held' })
  })

  it('a connection that is frozen or over stays so', () => {
    expect(held({ connection: { frozenAt: T0 } }).status).toBe('frozen')
    expect(held({ refresh: { state: 'consent_required' } }).status).toBe('consent_required')
    expect(held({ without: 'refreshToken' }, T0 + HOUR - 1).status).toBe('degraded')
    expect(held({ without: 'refreshToken' }, T0 + HOUR).status).toBe('consent_required')
  })
})

describe('consentExpiresAt', () => {
  it('is the end of the access token when nothing can renew it', () => {
    const connection = aConnection({ without: 'refreshToken' })

    expect(isRenewable(connection)).toBe(false)
    expect(consentExpiresAt(connection)).toBe(T0 + HOUR)
  })

  it('is the end of the refresh token where Samsung named one, and unknown otherwise', () => {
    const known = aConnection({ tokenSet: { refreshExpiresAt: T0 + 5 } })

    expect(isRenewable(known)).toBe(true)
    expect(consentExpiresAt(known)).toBe(T0 + 5)
    expect(consentExpiresAt(aConnection())).toBeUndefined()
  })
})

describe('a connection without consent', () => {
  const connection = newProgramConnection(
    {
      id: 'conn_00000000000000000000000000000000',
      portalId: 'acme',
      tenantRef: 't',
      program: 'one-eu',
      kind: 'knox-customer',
      dataKey: 'v1.k1.wrapped',
    },
    T0,
  )

  it('is active, outlives every token and asks for no consent', () => {
    expect(statusOf(connection, T0 * 2)).toEqual({ status: 'active' })
    expect(isRenewable(connection)).toBe(true)
    expect(consentExpiresAt(connection)).toBeUndefined()
  })

  it('is frozen, held with its program, and without trust, the most serious first', () => {
    const alarm = { operation: 'exchange', upstream: { service: 'knox' }, since: T0 } as const
    const distrusted = noteTrust(connection, false, 'any', T0) ?? connection

    expect(statusOf(distrusted, T0)).toMatchObject({ status: 'trust_missing' })
    expect(statusOf(distrusted, T0, alarm)).toMatchObject({ reason: 'program_held' })
    expect(statusOf({ ...distrusted, frozenAt: T0 }, T0, alarm).status).toBe('frozen')
  })
})
