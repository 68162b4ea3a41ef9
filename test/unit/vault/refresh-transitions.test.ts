import { describe, expect, it } from '@jest/globals'
import type { TokenFailureKind } from '../../../src/samsung-account/tokens.ts'
import { type Connection, consentBinding, type RefreshState } from '../../../src/vault/record.ts'
import {
  beginRefresh,
  endNotRenewable,
  failRefresh,
  withdrawRefresh,
} from '../../../src/vault/refresh-transitions.ts'
import { aConnection, refreshOf, T0 } from './support/records.ts'

const LEASE = 12_000
const POLICY = { backoffMinMs: 500, backoffMaxMs: 60_000, operatorRetryMs: 1000 }
const ME = { attempt: 'me', generation: 1 }
const OTHER = { attempt: 'other', generation: 1 }

const begin = (refresh: Partial<RefreshState>, now = T0, attempt = ME) =>
  beginRefresh(aConnection({ refresh }), attempt, LEASE, now)

function begun(connection: Connection, attempt = ME, now = T0): Connection {
  const result = beginRefresh(connection, attempt, LEASE, now)
  if (result.kind !== 'begun') throw new Error(result.kind)
  return result.next
}

describe('beginRefresh', () => {
  it('writes down who spends the token, and until when nobody else may', () => {
    const result = begin({ failures: 3 })

    expect(result).toMatchObject({ kind: 'begun', recovering: false })
    expect(refreshOf(begun(aConnection({ refresh: { failures: 3 } })))).toEqual({
      state: 'refreshing',
      since: T0,
      attempt: 'me',
      until: T0 + LEASE,
      recovering: false,
      spentAt: T0,
      failures: 3,
    })
  })

  it('leaves the token set and the generation alone', () => {
    const before = aConnection()

    const after = begun(before)

    expect(consentBinding(after).tokenSet).toEqual(consentBinding(before).tokenSet)
    expect(after.generation).toBe(before.generation)
  })

  it.each([
    [
      { state: 'refreshing', attempt: 'other', until: T0 + 1 },
      { kind: 'busy', until: T0 + 1 },
    ],
    [
      { state: 'ok', failures: 1, retryAt: T0 + 1 },
      { kind: 'backoff', retryAt: T0 + 1, uncertain: false },
    ],
    [
      { state: 'uncertain', retryAt: T0 + 1 },
      { kind: 'backoff', retryAt: T0 + 1, uncertain: true },
    ],
    [{ state: 'consent_required' }, { kind: 'consent_required' }],
  ] as const)('does not begin over %j', (refresh, expected) => {
    expect(begin(refresh)).toEqual(expected)
  })

  it.each([
    ['the backoff is over', { state: 'ok', failures: 1, retryAt: T0 }, false],
    ['the backoff after an unknown outcome is over', { state: 'uncertain', retryAt: T0 }, true],
    ['the holder has vanished', { state: 'refreshing', attempt: 'other', until: T0 }, true],
    [
      'its own intent was written already',
      { state: 'refreshing', attempt: 'me', until: T0 + 1 },
      false,
    ],
    [
      'its own recovery was written already',
      { state: 'refreshing', attempt: 'me', until: T0 + 1, recovering: true },
      true,
    ],
  ] as const)('begins when %s', (_, refresh, recovering) => {
    expect(begin(refresh)).toMatchObject({ kind: 'begun', recovering })
  })

  it.each([0, 2])('does not spend the token of generation %d', (generation) => {
    expect(begin({}, T0, { attempt: 'me', generation })).toEqual({ kind: 'moved' })
  })

  it('prefers a newer token set to everything else', () => {
    const refresh = { state: 'consent_required' } as const

    expect(begin(refresh, T0, { attempt: 'me', generation: 0 })).toEqual({ kind: 'moved' })
  })
})

describe('failRefresh', () => {
  const fail = (kind: TokenFailureKind, connection = begun(aConnection()), attempt = ME) =>
    failRefresh(connection, attempt, { kind }, POLICY, T0)

  it.each([
    ['not_sent', { state: 'ok', failures: 1, retryAt: T0 + 500 }],
    ['transient', { state: 'ok', failures: 1, retryAt: T0 + 500 }],
    ['operator', { state: 'ok', failures: 1, retryAt: T0 + 1000 }],
    ['ambiguous', { state: 'uncertain', failures: 1, retryAt: T0 + 500, spentAt: T0 }],
    ['customer', { state: 'consent_required', failures: 1, reason: 'refused' }],
  ] as const)('after %s leaves %j', (kind, expected) => {
    const after = fail(kind)

    expect(after && refreshOf(after)).toEqual({ since: T0, ...expected })
  })

  it.each([
    ['not_sent', { state: 'uncertain' }],
    ['transient', { state: 'uncertain' }],
    ['operator', { state: 'uncertain' }],
    ['ambiguous', { state: 'uncertain' }],
    ['customer', { state: 'consent_required', reason: 'refused_after_unknown_outcome' }],
  ] as const)('after %s in a recovery leaves %j', (kind, expected) => {
    const recovering = begun(aConnection({ refresh: { state: 'uncertain', failures: 1 } }))

    const after = fail(kind, recovering)

    expect(after && refreshOf(after)).toMatchObject({ failures: 2, ...expected })
  })

  it('waits twice as long after every failure in a row, up to the limit', () => {
    let connection = aConnection()
    const waits = Array.from({ length: 9 }, () => {
      const { retryAt = T0 } = refreshOf(connection)
      const next = failRefresh(
        begun(connection, ME, retryAt),
        ME,
        { kind: 'transient' },
        POLICY,
        retryAt,
      )
      connection = next ?? connection
      return (refreshOf(connection).retryAt ?? 0) - retryAt
    })

    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  })

  it.each([
    ['somebody else holds the lease', begun(aConnection(), OTHER)],
    ['nobody does', aConnection()],
    ['the token set has moved', { ...begun(aConnection()), generation: 2 }],
  ])('does nothing when %s', (_, connection) => {
    expect(fail('customer', connection)).toBeNull()
    expect(fail('ambiguous', connection)).toBeNull()
  })

  it('never touches the token set', () => {
    for (const kind of ['not_sent', 'transient', 'operator', 'ambiguous', 'customer'] as const) {
      const after = fail(kind)

      expect(after && consentBinding(after).tokenSet).toEqual(
        consentBinding(aConnection()).tokenSet,
      )
    }
  })
})

describe('what Samsung asks for with Retry-After', () => {
  /** When the next attempt may be, in ms after this failure. */
  function waitAfter(
    failure: Parameters<typeof failRefresh>[2],
    refresh: Partial<RefreshState> = {},
  ): number | undefined {
    const after = failRefresh(begun(aConnection({ refresh })), ME, failure, POLICY, T0)
    const { retryAt } = after === null ? {} : refreshOf(after)
    return retryAt === undefined ? undefined : retryAt - T0
  }

  it.each([
    ['transient', 2, 2000],
    ['transient', 300, 300_000],
    ['transient', 0, 500],
    ['transient', undefined, 500],
    ['ambiguous', 2, 2000],
    ['ambiguous', undefined, 500],
  ] as const)('after %s and %p seconds puts the next attempt off by %d ms', (kind, asked, wait) => {
    expect(waitAfter({ kind, retryAfterSeconds: asked })).toBe(wait)
  })

  it.each([
    [31, 32_000],
    [32, 32_000],
    [33, 33_000],
  ])('of %d seconds is never a shorter pause than our own: %d ms', (retryAfterSeconds, wait) => {
    expect(waitAfter({ kind: 'transient', retryAfterSeconds }, { failures: 6 })).toBe(wait)
  })

  it('may be longer than our longest pause', () => {
    expect(waitAfter({ kind: 'transient', retryAfterSeconds: 61 }, { failures: 20 })).toBe(61_000)
  })

  it('holds nobody back who waits for the breaker, nor who waits for the customer', () => {
    expect(waitAfter({ kind: 'operator', retryAfterSeconds: 300 }, { failures: 20 })).toBe(1000)
    expect(waitAfter({ kind: 'customer', retryAfterSeconds: 300 })).toBeUndefined()
  })

  it('holds for every process: none begins before', () => {
    const failure = { kind: 'transient', retryAfterSeconds: 60 } as const
    const after = failRefresh(begun(aConnection()), ME, failure, POLICY, T0) ?? aConnection()

    expect(beginRefresh(after, OTHER, LEASE, T0 + 59_999)).toMatchObject({ kind: 'backoff' })
    expect(beginRefresh(after, OTHER, LEASE, T0 + 60_000)).toMatchObject({ kind: 'begun' })
  })
})

describe('withdrawRefresh', () => {
  it.each([
    [{ failures: 2 }, { state: 'ok', failures: 2 }],
    [
      { state: 'uncertain', failures: 2 },
      { state: 'uncertain', failures: 2, spentAt: T0 },
    ],
  ] as const)('makes of an intent over %j again %j', (refresh, expected) => {
    const after = withdrawRefresh(begun(aConnection({ refresh })), ME, T0 + 1)

    expect(after && refreshOf(after)).toEqual({ since: T0 + 1, ...expected })
  })

  it.each([
    ['another holds the lease', begun(aConnection(), OTHER)],
    ['nobody does', aConnection()],
    ['the token set has moved', { ...begun(aConnection()), generation: 2 }],
  ])('does nothing when %s', (_, connection) => {
    expect(withdrawRefresh(connection, ME, T0)).toBeNull()
  })
})

describe('endNotRenewable', () => {
  it('asks for consent once', () => {
    const after = endNotRenewable(aConnection({ without: 'refreshToken' }), 1, T0 + 1)

    expect(after && refreshOf(after)).toMatchObject({
      state: 'consent_required',
      reason: 'not_renewable',
      since: T0 + 1,
    })
    expect(after && endNotRenewable(after, 1, T0 + 2)).toBeNull()
  })

  it('leaves a token set alone that is not the one that ended', () => {
    expect(endNotRenewable(aConnection({ without: 'refreshToken' }), 0, T0)).toBeNull()
  })
})
