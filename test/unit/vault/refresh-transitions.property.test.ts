import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { TokenFailureKind } from '../../../src/samsung-account/tokens.ts'
import { commitTokenSet, type SealedTokens } from '../../../src/vault/commit-transitions.ts'
import { type Connection, consentBinding } from '../../../src/vault/record.ts'
import {
  beginRefresh,
  failRefresh,
  type RefreshAttempt,
  withdrawRefresh,
} from '../../../src/vault/refresh-transitions.ts'
import { aConnection, refreshOf, T0 } from './support/records.ts'

/*
 * Several attempts, each with its own idea of the generation and its own speed, act on one record in
 * any order, while the clock goes on.
 */

const LEASE = 12_000
const POLICY = { backoffMinMs: 500, backoffMaxMs: 60_000, operatorRetryMs: 1000 }
const KINDS: readonly TokenFailureKind[] = [
  'not_sent',
  'customer',
  'operator',
  'transient',
  'ambiguous',
]

type Event =
  | { readonly do: 'begin'; readonly by: number }
  | { readonly do: 'commit'; readonly by: number }
  | { readonly do: 'withdraw'; readonly by: number }
  | { readonly do: 'fail'; readonly by: number; readonly kind: TokenFailureKind }
  | { readonly do: 'wait'; readonly ms: number }

const by = fc.integer({ min: 0, max: 3 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), by }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const), by }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      by,
      kind: fc.constantFrom(...KINDS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 30_000 }),
    }),
  },
)

const tokensOf = (attempt: string): SealedTokens => ({
  rotated: true,
  accessToken: `v1.access-of-${attempt}`,
  accessExpiresAt: T0 + 3_600_000,
  issuedAt: T0,
  refreshToken: `v1.refresh-of-${attempt}`,
})

interface Seen {
  readonly event: Event
  readonly before: Connection
  readonly after: Connection
  readonly now: number
  readonly attempt: RefreshAttempt | undefined
}

function end(
  connection: Connection,
  attempt: RefreshAttempt,
  event: Exclude<Event, { do: 'begin' | 'wait' }>,
  now: number,
): Connection | null {
  switch (event.do) {
    case 'commit':
      return commitTokenSet(connection, attempt, tokensOf(attempt.attempt), now)
    case 'withdraw':
      return withdrawRefresh(connection, attempt, now)
    case 'fail':
      return failRefresh(connection, attempt, event, POLICY, now)
  }
}

/** Runs the events as processes would: who has begun may commit or fail once, however late. */
function play(events: readonly Event[], see: (seen: Seen) => void): void {
  let connection = aConnection()
  let now = T0
  let count = 0
  const running = new Map<number, RefreshAttempt>()
  for (const event of events) {
    const before = connection
    if (event.do === 'wait') {
      now += event.ms
      continue
    }
    let attempt = running.get(event.by)
    if (event.do === 'begin') {
      count += 1
      attempt = { attempt: `attempt-${count}`, generation: connection.generation }
      const result = beginRefresh(connection, attempt, LEASE, now)
      if (result.kind === 'begun') {
        connection = result.next
        running.set(event.by, attempt)
      }
    } else if (attempt !== undefined) {
      running.delete(event.by)
      connection = end(connection, attempt, event, now) ?? connection
    }
    see({ event, before, after: connection, now, attempt })
  }
}

const holds = (check: (seen: Seen) => void) =>
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => play(events, check)),
    { numRuns: 500 },
  )

it('never lowers the generation, and raises it by one with every commit that writes', () => {
  holds(({ event, before, after }) => {
    const raised = after.generation - before.generation
    expect([0, 1]).toContain(raised)
    if (raised === 1) expect(event.do).toBe('commit')
  })
})

it('never writes a commit whose generation has passed', () => {
  holds(({ event, before, after, attempt }) => {
    if (event.do !== 'commit' || attempt === undefined) return
    if (attempt.generation === before.generation)
      expect(consentBinding(after).tokenSet.committedBy).toBe(attempt.attempt)
    else expect(after).toBe(before)
  })
})

it('changes the token set only by a commit', () => {
  holds(({ event, before, after }) => {
    if (event.do !== 'commit')
      expect(consentBinding(after).tokenSet).toEqual(consentBinding(before).tokenSet)
  })
})

it('asks for consent only when Samsung blamed the token', () => {
  holds(({ event, before, after }) => {
    const asks = (connection: Connection) => refreshOf(connection).state === 'consent_required'
    if (!asks(before) && asks(after)) expect(event).toMatchObject({ do: 'fail', kind: 'customer' })
  })
})

it('never lets two attempts hold the lease at the same time', () => {
  holds(({ event, before, after, now }) => {
    const { state, until = 0, attempt } = refreshOf(before)
    if (event.do === 'begin' && state === 'refreshing' && until > now)
      expect(refreshOf(after).attempt).toBe(attempt)
  })
})

it('calls every attempt a recovery that follows a vanished holder or an unknown outcome', () => {
  holds(({ event, before, after }) => {
    if (event.do !== 'begin' || after === before) return
    const { state } = refreshOf(before)
    expect(refreshOf(after).recovering).toBe(state === 'refreshing' || state === 'uncertain')
  })
})

it('forgets an unknown outcome only by a commit, or for consent', () => {
  holds(({ event, before, after }) => {
    const unknown = (connection: Connection) => {
      const { state, recovering } = refreshOf(connection)
      return state === 'uncertain' || (state === 'refreshing' && recovering === true)
    }
    if (!unknown(before) || unknown(after)) return
    expect(event.do === 'commit' || refreshOf(after).state === 'consent_required').toBe(true)
  })
})

it('lets the late commit of a vanished holder win when nobody else has committed', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('begin' as const), by: fc.integer({ min: 1, max: 3 }) }),
    fc.record({
      do: fc.constant('fail' as const),
      by: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom(...KINDS),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (others) => {
      const events: Event[] = [{ do: 'begin', by: 0 }, ...others, { do: 'commit', by: 0 }]
      let last: Connection | undefined
      play(events, ({ after }) => {
        last = after
      })

      expect(last?.generation).toBe(2)
      expect(last && consentBinding(last).tokenSet.committedBy).toBe('attempt-1')
      expect(last && refreshOf(last)).toMatchObject({ state: 'ok', failures: 0 })
    }),
  )
})
