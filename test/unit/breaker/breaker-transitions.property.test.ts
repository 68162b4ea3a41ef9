import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Operation } from '../../../src/breaker/breaker.ts'
import {
  newProgramRecord,
  parseProgramRecord,
  stateOf,
} from '../../../src/breaker/breaker-record.ts'
import { applyEvent, type BreakerEvent } from '../../../src/breaker/breaker-transitions.ts'
import { POLICY, T0, WRONG_SECRET } from './support/program.ts'

const operation = fc.constantFrom<Operation>('refresh', 'exchange')
const connectionId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const by = fc.constantFrom('p1', 'p2')
const upstream = fc.constantFrom('AUT_1702', 'AUT_1785').map((code) => ({ ...WRONG_SECRET, code }))

const event: fc.Arbitrary<BreakerEvent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('refused' as const),
      operation,
      connectionId,
      upstream,
      by,
    }),
  },
  fc.record({ kind: fc.constant('accepted' as const), operation, connectionId, by }),
  fc.record({ kind: fc.constant('probe_claimed' as const), operation }),
  fc.record({ kind: fc.constant('passed_over' as const), operation, connectionId }),
  fc.record({ kind: fc.constant('given_up' as const), operation, by }),
)
const story = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 30_000 })), { maxLength: 60 })

type Step = readonly [event: BreakerEvent, now: number]

/** Every state a story leads through, with the step that led there. */
function* walk(steps: readonly (readonly [BreakerEvent, number])[]) {
  let record = newProgramRecord('emm-eu')
  let now = T0
  const past: Step[] = []
  for (const [one, pauseMs] of steps) {
    now += pauseMs
    const before = record
    record = applyEvent(record, one, now, POLICY)
    past.push([one, now])
    yield { before, after: record, event: one, now, past }
  }
}

/** Connections that were refused with this code within the window, and since the last acceptance. */
function refusedAlike(past: readonly Step[], what: Operation, code: string, now: number) {
  const own = past.filter(([one]) => one.operation === what)
  const last = own.findLastIndex(([one]) => one.kind === 'accepted')
  const since = own.slice(last + 1).filter(([, at]) => now - at < POLICY.windowMs)
  return new Set(
    since.flatMap(([one]) =>
      one.kind === 'refused' && one.upstream.code === code ? [one.connectionId] : [],
    ),
  )
}

describe('whatever happens', () => {
  it('a program is held only after as many connections as the threshold were refused alike', () => {
    fc.assert(
      fc.property(story, (steps) => {
        for (const { before, after, event: one, now, past } of walk(steps)) {
          const raised = stateOf(after, one.operation).alarm
          if (raised === undefined || stateOf(before, one.operation).alarm !== undefined) continue
          const alike = refusedAlike(past, one.operation, raised.upstream.code ?? '', now)
          expect(alike.size).toBeGreaterThanOrEqual(POLICY.threshold)
        }
      }),
    )
  })

  it('one acceptance ends the alarm, and nothing but an acceptance or giving up does', () => {
    fc.assert(
      fc.property(story, (steps) => {
        for (const { before, after, event: one } of walk(steps)) {
          const [held, holds] = [before, after].map(
            (record) => stateOf(record, one.operation).alarm !== undefined,
          )
          if (one.kind === 'accepted') expect(holds).toBe(false)
          if (held && !holds) expect(['accepted', 'given_up']).toContain(one.kind)
        }
      }),
    )
  })

  it('probes are at least an interval apart', () => {
    fc.assert(
      fc.property(story, (steps) => {
        const probes: Record<Operation, number> = { refresh: 0, exchange: 0 }
        for (const { before, after, event: one, now } of walk(steps)) {
          if (one.kind !== 'probe_claimed' || before === after) continue
          expect(now - probes[one.operation]).toBeGreaterThanOrEqual(POLICY.probeIntervalMs)
          probes[one.operation] = now
        }
      }),
    )
  })

  it('one operation changes nothing of the other, and everything can be read again', () => {
    fc.assert(
      fc.property(story, (steps) => {
        for (const { before, after, event: one } of walk(steps)) {
          const other = one.operation === 'refresh' ? 'exchange' : 'refresh'
          expect(stateOf(after, other)).toBe(stateOf(before, other))
          expect(parseProgramRecord(JSON.stringify(after))).toEqual(after)
        }
      }),
    )
  })

  it('no connection is listed twice', () => {
    fc.assert(
      fc.property(story, (steps) => {
        for (const { after, event: one } of walk(steps)) {
          const { failures, contradicted } = stateOf(after, one.operation)
          for (const list of [failures, contradicted])
            expect(new Set(list.map((entry) => entry.connectionId)).size).toBe(list.length)
        }
      }),
    )
  })
})
