import { describe, expect, it } from '@jest/globals'
import type { TokenFailureKind } from '../../../src/samsung-account/tokens.ts'
import { commitTokenSet } from '../../../src/vault/commit-transitions.ts'
import type { Connection } from '../../../src/vault/record.ts'
import {
  beginRefresh,
  failRefresh,
  type RefreshAttempt,
  withdrawRefresh,
} from '../../../src/vault/refresh-transitions.ts'
import { aConnection, must, refreshOf, T0 } from './support/records.ts'

/*
 * A grace period runs from the first use of a token. So while an outcome is unknown, the record says when
 * that can have been at the earliest, through however many attempts.
 */

const LEASE = 12_000
const POLICY = { backoffMinMs: 500, backoffMaxMs: 60_000, operatorRetryMs: 1000 }

const attemptOf = (name: string): RefreshAttempt => ({ attempt: name, generation: 1 })

function begin(connection: Connection, name: string, now: number): Connection {
  const result = beginRefresh(connection, attemptOf(name), LEASE, now)
  if (result.kind !== 'begun') throw new Error(result.kind)
  return result.next
}

const fail = (connection: Connection, name: string, kind: TokenFailureKind, now: number) =>
  must(failRefresh(connection, attemptOf(name), { kind }, POLICY, now))
const withdraw = (connection: Connection, name: string, now: number) =>
  must(withdrawRefresh(connection, attemptOf(name), now))

const spentAt = (connection: Connection) => refreshOf(connection).spentAt

it('is the moment of the intent, for the token leaves after it', () => {
  expect(spentAt(begin(aConnection(), 'a', T0 + 7))).toBe(T0 + 7)
})

describe('once an outcome is unknown', () => {
  const uncertain = fail(begin(aConnection(), 'a', T0), 'a', 'ambiguous', T0 + 5000)

  it('stays that of the first attempt', () => {
    expect(refreshOf(uncertain)).toMatchObject({ since: T0 + 5000, spentAt: T0 })
  })

  it.each(['ambiguous', 'transient', 'not_sent', 'operator'] as const)(
    'stays so through a recovery that ends with %s, and through the next',
    (kind) => {
      const second = fail(begin(uncertain, 'b', T0 + 60_000), 'b', kind, T0 + 65_000)
      const third = begin(second, 'c', T0 + 200_000)

      expect([second, third].map(spentAt)).toEqual([T0, T0])
    },
  )

  it('stays so when a recovery is taken back that never left', () => {
    expect(spentAt(withdraw(begin(uncertain, 'b', T0 + 60_000), 'b', T0 + 60_001))).toBe(T0)
  })

  it('is forgotten with the next token set', () => {
    const tokens = {
      rotated: true,
      accessToken: 'v1.access-2',
      accessExpiresAt: T0 + 1e6,
      issuedAt: T0,
      refreshToken: 'v1.refresh-2',
    }
    const recovering = begin(uncertain, 'b', T0 + 60_000)

    const after = must(commitTokenSet(recovering, attemptOf('b'), tokens, T0 + 61_000))

    expect(spentAt(after)).toBeUndefined()
  })
})

describe('of a holder that vanished', () => {
  it('is taken over with its lease', () => {
    const vanished = begin(aConnection(), 'a', T0)

    expect(spentAt(begin(vanished, 'b', T0 + LEASE))).toBe(T0)
  })

  it('is the beginning of its lease in a record that does not say', () => {
    const refresh = { state: 'refreshing', since: T0 + 3, attempt: 'a', until: T0 + LEASE } as const

    expect(spentAt(begin(aConnection({ refresh }), 'b', T0 + LEASE))).toBe(T0 + 3)
  })
})

it('is the time of the failure in a record that does not say, through the next recovery', () => {
  const old = aConnection({ refresh: { state: 'uncertain', since: T0 + 3, failures: 1 } })
  const recovering = begin(old, 'b', T0 + 60_000)

  expect(spentAt(recovering)).toBe(T0 + 3)
  expect(spentAt(withdraw(recovering, 'b', T0 + 60_001))).toBe(T0 + 3)
})

it.each(['not_sent', 'transient', 'operator'] as const)(
  'is nothing after %s: the token is as good as before',
  (kind) => {
    const after = fail(begin(aConnection(), 'a', T0), 'a', kind, T0 + 1)

    expect(refreshOf(after).state).toBe('ok')
    expect(spentAt(after)).toBeUndefined()
    expect(spentAt(begin(after, 'b', T0 + 90_000))).toBe(T0 + 90_000)
  },
)

it('is nothing after an intent was taken back', () => {
  expect(spentAt(withdraw(begin(aConnection(), 'a', T0), 'a', T0 + 1))).toBeUndefined()
})
