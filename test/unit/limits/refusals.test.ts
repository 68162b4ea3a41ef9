import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import type { Standing } from '../../../src/limits/limiter.ts'
import { createRefusals, type Refusals } from '../../../src/limits/refusals.ts'
import { recordLog } from '../http/serve.ts'

const WHO = { portalId: 'acme', apiKeyId: 'k1' }
const exceeded = (resetMs: number): Standing => ({
  policy: { name: 'key', quota: 10, windowMs: 10_000 },
  remaining: 0,
  resetMs,
  exceeded: true,
})

let refusals: Refusals
let noted: AuditEvent[]
let counted: string[]
let lines: string[]
const logged = () => lines.map((line) => JSON.parse(line))

beforeEach(() => {
  jest.useFakeTimers()
  const recorded = recordLog()
  noted = []
  counted = []
  lines = recorded.lines
  refusals = createRefusals({
    audit: { note: (event) => void noted.push(event) },
    metrics: {
      limited: (limit) => void counted.push(limit),
      shed: (reason) => void counted.push(reason),
    },
    log: recorded.log,
    clock: Date.now,
  })
})
afterEach(() => {
  refusals.stop()
  jest.useRealTimers()
})

it.each([
  [1, 1],
  [1000, 1],
  [1001, 2],
  [9999, 10],
])('says after how many seconds it can go on: %d ms is %d s', (resetMs, seconds) => {
  expect(refusals.limited(exceeded(resetMs)).extras).toMatchObject({
    detail: 'the limit key is 10 in 10 s',
    retryAfterSeconds: seconds,
  })
})

it('asks who is shed to come back in a second', () => {
  expect(refusals.shed('total')).toMatchObject({
    code: 'overloaded',
    extras: { retryAfterSeconds: 1 },
  })
})

it('tells the first of its kind at once, and the others as a count after a minute', () => {
  for (let time = 0; time < 1000; time++) refusals.limited(exceeded(1), WHO)
  expect(logged()).toHaveLength(1)
  jest.advanceTimersByTime(59_999)
  expect(logged()).toHaveLength(1)
  jest.advanceTimersByTime(1)

  expect(logged()).toMatchObject([
    { level: 'warn', event: 'rate_limited', reason: 'key', ...WHO },
    { level: 'warn', event: 'rate_limited', reason: 'key', ...WHO, count: 999 },
  ])
  expect(noted).toMatchObject([
    { event: 'rate_limited', outcome: 'rate_limited', reason: 'key', portalId: 'acme' },
    { event: 'rate_limited', count: 999, actor: { kind: 'portal', apiKeyId: 'k1' } },
  ])
  expect(counted).toHaveLength(1000)
})

it('tells kinds apart by what was exceeded, and by whom', () => {
  refusals.limited(exceeded(1), WHO)
  refusals.limited(exceeded(1), { ...WHO, apiKeyId: 'k2' })
  refusals.limited(exceeded(1))
  refusals.shed('portal', { portalId: 'acme' })
  refusals.shed('unproven')

  expect(noted.map(({ event, reason, actor }) => [event, reason, actor?.apiKeyId])).toEqual([
    ['rate_limited', 'key', 'k1'],
    ['rate_limited', 'key', 'k2'],
    ['rate_limited', 'key', undefined],
    ['request_shed', 'portal', undefined],
    ['request_shed', 'unproven', undefined],
  ])
})

it('tells what it has counted when it stops, and nothing later', () => {
  refusals.shed('total')
  refusals.shed('total')

  refusals.stop()

  expect(logged()).toMatchObject([{ event: 'request_shed' }, { event: 'request_shed', count: 1 }])
  jest.advanceTimersByTime(60_000)
  expect(logged()).toHaveLength(2)
})
