import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'

const TIMEOUT_MS = 500
/** Generous, for a busy machine; without time-outs the calls would never end. */
const SOON_MS = TIMEOUT_MS + 2500
const UNAVAILABLE = { code: 'store_unavailable', extras: { retryAfterSeconds: 1 } }
const REFERENCE = 'kg:{portal}:ref:p:t'
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always']

const cleanup = createCleanup()
let dir: string
let server: RedisServer
let store: Store
let lines: string[]
let key: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'knoxgate-outage-'))
  cleanup.add(() => rm(dir, { recursive: true, force: true }))
  server = await startRedis({ dir, args: KEPT })
  cleanup.add(() => server.stop())
  lines = []
  key = documentKey(`conn_${newAttemptId()}`)
  store = await openStore(server.url)
  cleanup.add(() => store.close())
})
afterEach(cleanup.run)

const openStore = (url: string, startTimeoutMs?: number) =>
  createRedisStore({
    url: new Secret(url),
    timeoutMs: TIMEOUT_MS,
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    log: createLog('debug', { write: (line) => void lines.push(line) }),
  })

async function timed<T>(work: Promise<T>): Promise<{ result: unknown; durationMs: number }> {
  const startedAt = performance.now()
  const result = await work.catch((error: unknown) => error)
  return { result, durationMs: performance.now() - startedAt }
}

/** What a promise fails with before the process turns to anything else. */
const withoutWaiting = (work: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    work.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(resolve, 'still waiting')),
  ])

const bothConnectionsAreLost = () =>
  eventually(() => lines.filter((line) => line.includes('ECONNREFUSED')).length === 2)

const everyCall = (): readonly (readonly [string, () => Promise<unknown>])[] => [
  ['read', () => store.read(key)],
  ['version', () => store.version(key)],
  ['addToIndex', () => store.addToIndex('portal', 'conn_a')],
  ['removeFromIndex', () => store.removeFromIndex('portal', 'conn_a')],
  ['listIndex', () => store.listIndex('portal', null, 10)],
  ['readReference', () => store.readReference(REFERENCE)],
  ['setReference', () => store.setReference(REFERENCE, null, 'conn_a')],
  ['ping', () => store.ping()],
]

it('says so at once while Redis is down, and goes on when it is back', async () => {
  await store.compareAndSet(key, 0, 'before', newAttemptId())
  await server.stop('SIGKILL')
  await bothConnectionsAreLost()

  for (const [name, call] of everyCall()) {
    expect([name, await withoutWaiting(call())]).toMatchObject([name, UNAVAILABLE])
  }
  const { result: write } = await timed(store.compareAndSet(key, 1, 'down', newAttemptId()))
  expect(write).toMatchObject(UNAVAILABLE)
  expect((await store.describe()).warnings).toHaveLength(1)

  server = await startRedis({ dir, args: KEPT, port: server.port })
  await eventually(async () => (await store.ping()) === undefined)
  expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'before' })
  expect((await store.compareAndSet(key, 1, 'after', newAttemptId())).outcome).toBe('won')
})

it('never writes after an outage what it said was not written', async () => {
  await server.stop('SIGKILL')
  await bothConnectionsAreLost()
  const writes = Array.from({ length: 20 }, () => store.compareAndSet(key, 0, 'x', newAttemptId()))
  const results = await Promise.all(writes.map((write) => write.catch((error: unknown) => error)))
  expect(results).toEqual(results.map(() => expect.objectContaining(UNAVAILABLE)))
  await expect(store.addToIndex('portal', 'conn_a')).rejects.toMatchObject(UNAVAILABLE)
  await expect(store.setReference(REFERENCE, null, 'conn_a')).rejects.toMatchObject(UNAVAILABLE)

  server = await startRedis({ dir, args: KEPT, port: server.port })

  await eventually(async () => (await store.ping()) === undefined)
  expect((await store.read(key)).document).toBeNull()
  expect(await store.listIndex('portal', null, 10)).toEqual([])
  expect(await store.readReference(REFERENCE)).toBeNull()
})

it('gives up in time while Redis hangs, and finds out afterwards what became of a write', async () => {
  const [plain, durable] = [newAttemptId(), newAttemptId()]
  const other = documentKey(`conn_${newAttemptId()}`)
  process.kill(server.pid, 'SIGSTOP')

  const [read, ping, write, durableWrite] = await Promise.all([
    timed(store.read(key)),
    timed(store.ping()),
    timed(store.compareAndSet(key, 0, 'text', plain)),
    timed(store.compareAndSet(other, 0, 'text', durable, { durable: true })),
  ])
  process.kill(server.pid, 'SIGCONT')

  expect(read.result).toMatchObject(UNAVAILABLE)
  expect(ping.result).toMatchObject(UNAVAILABLE)
  expect(write.result).toEqual({ outcome: 'ambiguous', durable: false })
  expect(durableWrite.result).toEqual({ outcome: 'ambiguous', durable: false })
  for (const { durationMs } of [read, ping, write, durableWrite]) {
    expect(durationMs).toBeLessThan(SOON_MS)
  }
  await eventually(async () => (await store.ping()) === undefined)
  const again = await store.compareAndSet(key, 0, 'text', plain)
  const durableAgain = await store.compareAndSet(other, 0, 'text', durable, { durable: true })
  expect(['won', 'already']).toContain(again.outcome)
  expect(['won', 'already']).toContain(durableAgain.outcome)
  expect((await store.read(key)).document).toMatchObject({ revision: 1, version: plain })
  expect((await store.read(other)).document).toMatchObject({ revision: 1, version: durable })
})

it('gets over a hang that is longer than its time-outs, without a new client', async () => {
  process.kill(server.pid, 'SIGSTOP')
  await eventually(async () => {
    await store.ping().catch(() => {})
    return lines.some((line) => line.includes('store_connection_error'))
  })

  process.kill(server.pid, 'SIGCONT')

  await eventually(async () => (await store.ping()) === undefined)
  expect((await store.compareAndSet(key, 0, 'text', newAttemptId())).outcome).toBe('won')
  expect(lines.some((line) => line.includes('store_connection_restored'))).toBe(true)
})

it('logs a row of equal connection errors once, with a code and no address', async () => {
  await server.stop('SIGKILL')
  await eventually(() => lines.some((line) => line.includes('ECONNREFUSED')))
  server = await startRedis({ dir, args: KEPT, port: server.port })
  await eventually(() => lines.some((line) => line.includes('store_connection_restored')))

  const errors = lines.filter((line) => line.includes('ECONNREFUSED'))
  expect(errors.length).toBeLessThanOrEqual(2)
  expect(errors.every((line) => !line.includes('127.0.0.1'))).toBe(true)
})

it('is not opened while Redis is absent, and is when it comes in time', async () => {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  await expect(openStore(url, 300)).rejects.toMatchObject(UNAVAILABLE)

  await store.close()
  await server.stop()
  const opening = openStore(url, 60_000)
  await eventually(() => lines.filter((line) => line.includes('ECONNREFUSED')).length > 2)
  server = await startRedis({ port, dir })
  store = await opening

  await expect(store.ping()).resolves.toBeUndefined()
})

it('is not opened with a wrong password, and does not print it', async () => {
  const wrong = server.url.replace('//', '//someone:canary-password@')

  await expect(openStore(wrong, 1000)).rejects.toMatchObject(UNAVAILABLE)

  expect(lines.some((line) => line.includes('"reason":"WRONGPASS"'))).toBe(true)
  expect(lines.join('')).not.toMatch(/canary|someone/)
})

it('says so after it was closed', async () => {
  await store.close()

  for (const [name, call] of everyCall()) {
    const { result } = await timed(call())
    expect([name, result]).toMatchObject([name, UNAVAILABLE])
  }
  const { result } = await timed(store.compareAndSet(key, 0, 'text', newAttemptId()))
  expect(result).toMatchObject(UNAVAILABLE)
})
