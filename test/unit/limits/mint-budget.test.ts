import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { KnoxError, type KnoxFailureKind } from '../../../src/knox/kind.ts'
import { createLimiter } from '../../../src/limits/limiter.ts'
import { createMintBudget } from '../../../src/limits/mint-budget.ts'
import { createRefusals } from '../../../src/limits/refusals.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createLog } from '../../../src/shared/log.ts'
import type { MintRecord } from '../../../src/vault/mint-record.ts'
import type { Mint } from '../../../src/vault/minter.ts'
import { NO_AUDIT } from '../../support/audit.ts'

type Connection = Parameters<MintRecord['made']>[0]

const HOUR_MS = 3_600_000
const ID = 'conn_1'
// Nothing is looked at but its name.
const connection = { id: ID } as unknown as Connection
const failure = (kind: KnoxFailureKind) => new KnoxError(kind, 'refused', { service: 'knox' })
const wish = { minTtlMs: 60_000, arrivedAt: 0 }

/** Two exchanges an hour. */
function start(quota = 2) {
  const refusals = createRefusals({
    audit: NO_AUDIT,
    metrics: { limited() {}, shed() {} },
    log: createLog('silent'),
    clock: Date.now,
  })
  const policy = { name: 'mints', quota, windowMs: HOUR_MS } as const
  const budget = createMintBudget(createLimiter(policy), refusals)
  const told: string[] = []
  const record = budget.count({
    begin: () => void told.push('begin'),
    made: async () => void told.push('made'),
    failed: () => void told.push('failed'),
  })
  const made: string[] = []
  const exchange = async (id: string) => void made.push(id)
  const mint = budget.guard(exchange as unknown as Mint)
  const codeOf = (id = ID) =>
    mint(id, wish).then(
      () => 'ok',
      (error: unknown) => (error instanceof ServiceError ? error : 'a defect'),
    )
  return { refusals, record, told, made, codeOf }
}

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.clearAllTimers()
  jest.useRealTimers()
})

describe('a connection', () => {
  it('has as many exchanges as the budget, and then none before the window is over', async () => {
    const { record, codeOf, made } = start()
    await record.made(connection, 't1')
    expect(await codeOf()).toBe('ok')
    await record.made(connection, 't2')
    jest.advanceTimersByTime(HOUR_MS - 1000)

    const refused = await codeOf()

    expect(refused).toMatchObject({
      code: 'rate_limited',
      extras: { retryAfterSeconds: 1, connectionId: ID },
    })
    expect(made).toEqual([ID])
    jest.advanceTimersByTime(1000)
    expect(await codeOf()).toBe('ok')
  })

  it('leaves another one its own', async () => {
    const { record, codeOf } = start()
    await record.made(connection, 't1')
    await record.made(connection, 't2')

    expect(await codeOf('conn_2')).toBe('ok')
  })

  it('spends nothing by being asked for a token that is not made', async () => {
    const { codeOf } = start()

    for (let time = 0; time < 10; time++) expect(await codeOf()).toBe('ok')
  })

  it.each<[KnoxFailureKind, string]>([
    ['trust', 'a refusal'],
    ['idp_token', 'a refusal'],
    ['unknown', 'a refusal'],
    ['transient', 'ok'],
    ['operator', 'ok'],
  ])('after exchanges that ended with %s gets %s', async (kind, expected) => {
    const { record, codeOf } = start()
    record.failed(connection, failure(kind))
    record.failed(connection, failure(kind))

    const answer = await codeOf()

    expect(answer instanceof ServiceError ? 'a refusal' : answer).toBe(expected)
  })
})

it('tells the record all that it was told', async () => {
  const { record, told } = start()

  record.begin()
  await record.made(connection, 't1')
  record.failed(connection, failure('trust'))

  expect(told).toEqual(['begin', 'made', 'failed'])
})

it('is no budget without a limit', async () => {
  const { record, codeOf } = start(0)
  for (let time = 0; time < 100; time++) await record.made(connection, 't')

  expect(await codeOf()).toBe('ok')
})
