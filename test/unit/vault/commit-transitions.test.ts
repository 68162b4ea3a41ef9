import { describe, expect, it } from '@jest/globals'
import {
  commitTokenSet,
  restoreCommitted,
  type SealedTokens,
} from '../../../src/vault/commit-transitions.ts'
import {
  type Connection,
  consentBinding,
  type RefreshState,
  withCurrentBinding,
} from '../../../src/vault/record.ts'
import { beginRefresh, failRefresh } from '../../../src/vault/refresh-transitions.ts'
import { aConnection, refreshOf, T0, withKnoxToken } from './support/records.ts'

const LEASE = 12_000
const POLICY = { backoffMinMs: 500, backoffMaxMs: 60_000, operatorRetryMs: 1000 }
const ME = { attempt: 'me', generation: 1 }
const OTHER = { attempt: 'other', generation: 1 }

function begun(connection: Connection, attempt = ME, now = T0): Connection {
  const result = beginRefresh(connection, attempt, LEASE, now)
  if (result.kind !== 'begun') throw new Error(result.kind)
  return result.next
}

const TOKENS: SealedTokens = {
  rotated: true,
  accessToken: 'v1.access-2',
  accessExpiresAt: T0 + 1000,
  issuedAt: T0,
  refreshToken: 'v1.refresh-2',
}

describe('commitTokenSet', () => {
  it('puts the new token set in place under the next generation', () => {
    const after = commitTokenSet(begun(aConnection()), ME, TOKENS, T0 + 5)

    expect(after).toMatchObject({ generation: 2, updatedAt: T0 + 5 })
    expect(after && consentBinding(after).tokenSet).toEqual({
      generation: 2,
      committedBy: 'me',
      accessToken: 'v1.access-2',
      accessExpiresAt: T0 + 1000,
      issuedAt: T0,
      refreshToken: 'v1.refresh-2',
      previous: { generation: 1, refreshToken: 'v1.refresh-1' },
    })
    expect(after && refreshOf(after)).toEqual({ state: 'ok', since: T0 + 5, failures: 0 })
  })

  it('keeps the token before only when it was replaced', () => {
    const after = commitTokenSet(begun(aConnection()), ME, { ...TOKENS, rotated: false }, T0)

    expect(after && consentBinding(after).tokenSet).not.toHaveProperty('previous')
  })

  it('keeps the Knox token and what is known about trust, and drops the last error', () => {
    const trust = { present: true, checkedAt: T0 }
    const lastError = { at: T0, code: 'upstream_timeout', owner: 'samsung' } as const
    const before = withKnoxToken(aConnection({ binding: { trust, lastError } }))

    const after = commitTokenSet(begun(before), ME, TOKENS, T0)

    expect(after && consentBinding(after)).toMatchObject({ knoxToken: { tokenId: 'id-1' }, trust })
    expect(after && consentBinding(after)).not.toHaveProperty('lastError')
  })

  it('lets a holder win whose lease another has taken over, if that one has not committed', () => {
    const taken = begun(begun(aConnection(), OTHER), ME, T0 + LEASE)

    expect(commitTokenSet(taken, OTHER, TOKENS, T0 + LEASE)).toMatchObject({ generation: 2 })
  })

  it('lets a late holder heal a connection that was given up meanwhile', () => {
    const given = failRefresh(
      begun(begun(aConnection(), OTHER), ME, T0 + LEASE),
      ME,
      { kind: 'customer' },
      POLICY,
      T0,
    )

    const after = given && commitTokenSet(given, OTHER, TOKENS, T0)
    expect(after && refreshOf(after).state).toBe('ok')
  })

  it('drops what comes after another commit', () => {
    const committed = commitTokenSet(begun(aConnection()), ME, TOKENS, T0)

    expect(committed && commitTokenSet(committed, OTHER, TOKENS, T0)).toBeNull()
    expect(committed && commitTokenSet(committed, ME, TOKENS, T0)).toBeNull()
  })

  it('keeps no token before it that never was', () => {
    const after = commitTokenSet(aConnection({ without: 'refreshToken' }), ME, TOKENS, T0)

    expect(after && consentBinding(after).tokenSet).not.toHaveProperty('previous')
  })
})

describe('after a failover', () => {
  const record = (generation: number, refreshToken = `v1.refresh-${generation}`) =>
    aConnection({ connection: { generation }, tokenSet: { generation, refreshToken } })

  it.each([
    ['the one before', 1],
    ['two before', 2],
    ['the first', 4],
  ])('tokens that come late stand where the record is back at %s', (_, back) => {
    const attempt = { attempt: 'me', generation: 5 }

    const after = commitTokenSet(record(5 - back), attempt, TOKENS, T0 + 9)

    expect(after).toMatchObject({ generation: 6, updatedAt: T0 + 9 })
    expect(after && consentBinding(after).tokenSet).toMatchObject({
      generation: 6,
      refreshToken: 'v1.refresh-2',
      previous: { generation: 5 - back, refreshToken: `v1.refresh-${5 - back}` },
    })
  })
})

describe('restoreCommitted', () => {
  const account = { id: 'grace' }
  const committed = withKnoxToken(
    aConnection({
      connection: { generation: 5, updatedAt: T0 + 1 },
      tokenSet: {
        generation: 5,
        committedBy: 'me',
        refreshToken: 'v1.refresh-5',
        previous: { generation: 4, refreshToken: 'v1.refresh-4' },
      },
      refresh: { since: T0 + 1 },
      binding: { account },
    }),
    { generation: 5 },
  )
  const record = (generation: number, refresh: Partial<RefreshState> = {}) =>
    aConnection({ connection: { generation }, tokenSet: { generation }, refresh })

  it.each([
    ['the one before', 4],
    ['two before', 3],
    ['the first', 1],
  ])('puts a commit right where the record is back at %s', (_, generation) => {
    const after = restoreCommitted(committed)(record(generation), T0 + 9)

    expect(after).toMatchObject({ generation: 5, updatedAt: T0 + 9 })
    expect(after && consentBinding(after)).toEqual({
      ...consentBinding(committed),
      refresh: { state: 'ok', since: T0 + 9, failures: 0 },
    })
  })

  it.each([
    ['the same token set', 5],
    ['a newer one', 6],
    ['one that is much newer', 12],
  ])('leaves a record alone that has %s', (_, generation) => {
    expect(restoreCommitted(committed)(record(generation), T0 + 9)).toBeNull()
  })

  it.each([
    ['an intent of another', { state: 'refreshing', attempt: 'other', until: T0 + LEASE }],
    ['an unknown outcome', { state: 'uncertain', failures: 2, retryAt: T0 + 1000, spentAt: T0 }],
    ['a request for consent', { state: 'consent_required', reason: 'refused' }],
  ] as const)('puts it right over %s', (_, refresh) => {
    const after = restoreCommitted(committed)(record(4, refresh), T0 + 9)

    expect(after && refreshOf(after)).toEqual({ state: 'ok', since: T0 + 9, failures: 0 })
  })

  it('does not thaw what was frozen, nor freeze what was thawed', () => {
    const frozen = { ...record(4), frozenAt: T0 }

    expect(restoreCommitted(committed)(frozen, T0 + 9)).toHaveProperty('frozenAt', T0)
    expect(restoreCommitted({ ...committed, frozenAt: T0 })(record(4), T0 + 9)).not.toHaveProperty(
      'frozenAt',
    )
  })

  it.each([
    ['older', T0 - 1, 5],
    ['newer', T0 + 1, undefined],
  ])('of a consent, where one that is %s stands, leaves generation %j', (_, at, generation) => {
    const of = (connection: Connection, consent: { by: string; at: number }) =>
      withCurrentBinding(connection, { ...consentBinding(connection), consent })
    const mine = of(committed, { by: 'mine', at: T0 })
    const stored = of(record(4), { by: 'other', at })

    expect(restoreCommitted(mine)(stored, T0 + 9)?.generation).toBe(generation)
  })

  it('says no unknown outcome of the time after the commit again', () => {
    const refreshing = { ...consentBinding(committed).refresh, state: 'refreshing' as const }
    const seen = withCurrentBinding(committed, {
      ...consentBinding(committed),
      refresh: refreshing,
    })

    const after = restoreCommitted(seen)(record(4), T0 + 9)

    expect(after && refreshOf(after).state).toBe('ok')
  })
})
