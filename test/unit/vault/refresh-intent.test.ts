import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { createUnderWay } from '../../../src/shared/under-way.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createConnections, type Snapshot } from '../../../src/vault/connections.ts'
import type { Connection, RefreshState } from '../../../src/vault/record.ts'
import { createIntents } from '../../../src/vault/refresh-intent.ts'
import { failRefresh, type RefreshAttempt } from '../../../src/vault/refresh-transitions.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { aConnection, refreshOf, T0 } from './support/records.ts'
import { codeOf } from './support/world.ts'

const LEASE_MS = 12_000
const TIMEOUT_MS = 5000
const COMMIT_BUDGET_MS = 5000
const POLICY = { backoffMinMs: 500, backoffMaxMs: 60_000, operatorRetryMs: 1000 }
const { id } = aConnection()

beforeEach(() => {
  jest.useFakeTimers({ now: T0 })
})
afterEach(() => {
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

async function setUp(refresh: Partial<RefreshState> = {}) {
  const memory = createMemoryStore({ clock: Date.now })
  const faulty = createFaultyStore(memory)
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const deps = { clock: Date.now, log }
  const connections = createConnections({ store: faulty.store, tombstoneMs: 1e9, ...deps })
  const direct = createConnections({ store: memory, tombstoneMs: 1e9, ...deps })
  await connections.create(aConnection({ refresh }))
  const underWay = createUnderWay()
  const settings = {
    leaseMs: LEASE_MS,
    timeoutMs: TIMEOUT_MS,
    commitBudgetMs: COMMIT_BUDGET_MS,
    pollMs: 100,
  }
  const intents = createIntents({ connections, settings, underWay, ...deps })
  let isIdle = true
  return {
    ...intents,
    ...faulty,
    memory,
    direct,
    /** What is stored, past any fault. */
    stored: async () => {
      const found = await direct.read(id)
      return found === null ? null : refreshOf(found.connection)
    },
    /** Watches for the end of what goes on in the background. */
    watch() {
      isIdle = false
      void underWay.idle().then(() => {
        isIdle = true
      })
    },
    isIdle: () => isIdle,
    events: () => lines.map((line) => JSON.parse(line).event),
  }
}

/** Settles while time goes by. */
async function settled(work: Promise<unknown>): Promise<string> {
  const code = codeOf(work)
  await pass(200)
  return code
}

describe('begin', () => {
  it('writes the intent and says whose it is', async () => {
    const { begin, stored } = await setUp()

    const { attempt, begun, held } = await begin(id, 1)

    expect(begun).toMatchObject({ kind: 'begun', recovering: false })
    expect(attempt.generation).toBe(1)
    expect(await stored()).toMatchObject({ state: 'refreshing', attempt: attempt.attempt })
    expect(refreshOf(held.connection)).toEqual(await stored())
  })

  it('names every attempt differently', async () => {
    const { begin } = await setUp()

    const names = new Set<string>()
    for (let i = 0; i < 5; i++) names.add((await begin(id, 1)).attempt.attempt)

    expect(names.size).toBe(5)
  })

  it('says why there is none', async () => {
    const { begin } = await setUp({ state: 'uncertain', retryAt: T0 + 1 })

    expect((await begin(id, 1)).begun.kind).toBe('backoff')
    expect((await begin(id, 2)).begun.kind).toBe('moved')
  })

  it('of a connection that is gone is not found', async () => {
    const { begin, direct } = await setUp()
    await direct.remove(id, tombstoneOf)

    expect(await codeOf(begin(id, 1))).toBe('not_found')
  })

  it.each([
    [0, 'begun', 'refreshing'],
    [1, 'refresh_in_progress', 'ok'],
  ])(
    'is worth nothing when writing it leaves the lease %d ms too short',
    async (late, told, state) => {
      const { begin, failWrites, stored } = await setUp()
      const spareMs = LEASE_MS - TIMEOUT_MS - COMMIT_BUDGET_MS
      const standStill = () => {
        jest.setSystemTime(T0 + spareMs + late)
        return false
      }
      failWrites([], standStill)

      const outcome = await begin(id, 1).then(
        ({ begun }) => begun.kind,
        ({ code }) => code,
      )
      await pass(200)

      expect(outcome).toBe(told)
      expect((await stored())?.state).toBe(state)
    },
  )

  it.each([
    ['is on too few replicas', 'not_durable', 'store_not_durable'],
    ['may be there', 'applied_unanswered', 'store_unavailable'],
  ] as const)('takes an intent back that %s', async (_, fault, code) => {
    const { begin, failWrites, stored, watch } = await setUp({ failures: 2 })
    failWrites(Array(4).fill(fault))

    expect(await settled(begin(id, 1))).toBe(code)
    watch()
    await pass(200)

    expect(await stored()).toMatchObject({ state: 'ok', failures: 2 })
  })

  it('takes a recovery’s intent back to what was known before', async () => {
    const known = { state: 'uncertain', spentAt: T0 - 7, failures: 2 } as const
    const { begin, failWrites, stored } = await setUp(known)
    failWrites(Array(4).fill('not_durable'))

    await settled(begin(id, 1))
    await pass(200)

    expect(await stored()).toMatchObject(known)
  })

  it('takes it back as soon as the store is there again, and that is waited for', async () => {
    const { begin, failWrites, setDown, stored, watch, isIdle } = await setUp()
    failWrites(Array(3).fill('applied_unanswered'))
    const failing = codeOf(begin(id, 1))
    await pass(25)
    setDown(true)
    await pass(5)
    expect(await failing).toBe('store_unavailable')
    watch()
    await pass(LEASE_MS - 1000)
    expect([(await stored())?.state, isIdle()]).toEqual(['refreshing', false])

    setDown(false)
    await pass(100)

    expect([(await stored())?.state, isIdle()]).toEqual(['ok', true])
  })

  it('does not try for longer than the lease, and says so', async () => {
    const { begin, setDown, watch, isIdle, events } = await setUp()
    setDown(true)
    expect(await codeOf(begin(id, 1))).toBe('store_unavailable')
    watch()

    await pass(LEASE_MS - 100)
    expect([isIdle(), events()]).toEqual([false, []])
    await pass(200)

    expect([isIdle(), events()]).toEqual([true, ['intent_not_ended']])
  })
})

describe('end', () => {
  const toFail =
    (attempt: RefreshAttempt) =>
    (connection: Connection, now: number): Connection | null =>
      failRefresh(connection, attempt, { kind: 'ambiguous' }, POLICY, now)

  async function begun() {
    const world = await setUp()
    const { attempt } = await world.begin(id, 1)
    const late: Snapshot[] = []
    const onLate = (stored: Snapshot) => void late.push(stored)
    return { ...world, late, end: () => world.end(id, toFail(attempt), false, onLate) }
  }

  it('writes how an attempt ended, and nothing is left to do', async () => {
    const { end, stored, late, watch, isIdle } = await begun()

    const written = await end()

    expect(written && refreshOf(written.connection)).toEqual(await stored())
    expect(await stored()).toMatchObject({ state: 'uncertain', failures: 1 })
    watch()
    await pass(0)
    expect([late, isIdle()]).toEqual([[], true])
  })

  it('that cannot be written is written later, and that is waited for and told', async () => {
    const { end, stored, late, setDown, watch, isIdle } = await begun()
    setDown(true)
    expect(await codeOf(end())).toBe('store_unavailable')
    watch()
    await pass(LEASE_MS - 1000)
    expect([(await stored())?.state, isIdle(), late]).toEqual(['refreshing', false, []])

    setDown(false)
    await pass(100)

    expect([(await stored())?.state, isIdle()]).toEqual(['uncertain', true])
    expect(late.map(({ connection }) => refreshOf(connection).state)).toEqual(['uncertain'])
  })

  it('that is written later counts from then', async () => {
    const { end, stored, setDown } = await begun()
    setDown(true)
    await codeOf(end())
    await pass(3000)
    setDown(false)
    await pass(100)

    const { since = 0, retryAt } = (await stored()) ?? {}
    expect(since).toBeGreaterThanOrEqual(T0 + 3000)
    expect(retryAt).toBe(since + 500)
  })

  it('of a connection that was deleted meanwhile tells nobody', async () => {
    const { end, late, direct, setDown, watch, isIdle, events } = await begun()
    setDown(true)
    await codeOf(end())
    await direct.remove(id, tombstoneOf)
    watch()
    setDown(false)
    await pass(100)

    expect([isIdle(), late, events()]).toEqual([true, [], []])
  })

  it('of a record that nobody can read any more is not tried again', async () => {
    const { end, memory, watch, isIdle, events } = await begun()
    const { document } = await memory.read(documentKey(id))
    await memory.compareAndSet(documentKey(id), document?.revision ?? 0, '{}', 'w')

    expect(await codeOf(end())).toBe('record_unreadable')
    watch()
    await pass(0)

    expect([isIdle(), events()]).toEqual([true, ['intent_not_ended']])
  })
})
