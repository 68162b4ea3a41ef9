import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { newAttemptId } from '../../src/shared/ids.ts'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import type { StoreOperation } from '../../src/vault/store-redis-calls.ts'
import { createCleanup } from '../support/cleanup.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const CANARY = 'canary-5d1f0a'
const UNAVAILABLE = { code: 'store_unavailable' }

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis
let store: Store
let lines: string[]
let observed: string[]
let key: string

beforeAll(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
})
afterAll(cleanup.run)
beforeEach(async () => {
  await admin.flushall()
  lines = []
  observed = []
  key = documentKey(`conn_${newAttemptId()}`)
  store = await createRedisStore({
    url: new Secret(server.url),
    timeoutMs: 2000,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    observe: (operation: StoreOperation, outcome, durationMs) => {
      expect(durationMs).toBeGreaterThanOrEqual(0)
      observed.push(`${operation} ${outcome}`)
    },
  })
})
afterEach(() => store.close())

const reasons = (): unknown[] =>
  lines.map((line) => JSON.parse(line)).map(({ event, reason }) => `${event} ${reason}`)

/** Fails the promise and shows all there is to see of the error. */
async function shown(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject(UNAVAILABLE)
  return inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error)
}

it('recovers when the server has forgotten the scripts', async () => {
  await store.compareAndSet(key, 0, 'one', newAttemptId())
  await store.read(key)
  await admin.script('FLUSH')

  const written = await store.compareAndSet(key, 1, 'two', newAttemptId())
  await admin.script('FLUSH')
  const read = await store.read(key)

  expect(written.outcome).toBe('won')
  expect(read.document).toMatchObject({ revision: 2, text: 'two' })
})

it('refuses writes when the server is out of memory, and goes on reading', async () => {
  await store.compareAndSet(key, 0, 'kept', newAttemptId(), { expiresInMs: 60_000 })
  const writeId = newAttemptId()
  await admin.config('SET', 'maxmemory', '1mb')

  const refused = await shown(store.compareAndSet(key, 1, CANARY, writeId))
  const durable = await shown(store.compareAndSet(key, 1, CANARY, writeId, { durable: true }))
  const index = await shown(store.addToIndex('portal', CANARY))
  const reference = await shown(store.setReference('kg:{portal}:ref:p:t', null, CANARY))
  const read = await store.read(key)
  await admin.config('SET', 'maxmemory', '0')

  expect(refused + durable + index + reference + lines.join('')).not.toContain(CANARY)
  expect(read.document).toMatchObject({ revision: 1, text: 'kept' })
  expect(await admin.pttl(key)).toBeGreaterThan(0)
  expect(reasons()).toEqual(Array(4).fill('store_refused OOM'))
  expect((await store.compareAndSet(key, 1, 'after', writeId)).outcome).toBe('won')
})

it('refuses writes when too few replicas listen, and goes on reading', async () => {
  await store.compareAndSet(key, 0, 'kept', newAttemptId())
  await admin.config('SET', 'min-replicas-to-write', '1')

  const refused = await shown(store.compareAndSet(key, 1, CANARY, newAttemptId()))
  const read = await store.read(key)
  await admin.config('SET', 'min-replicas-to-write', '0')

  expect(refused + lines.join('')).not.toContain(CANARY)
  expect(read.document?.text).toBe('kept')
  expect(reasons()).toEqual(['store_refused NOREPLICAS'])
})

it('is unavailable when something else has taken its key', async () => {
  await admin.set(key, CANARY)

  const read = await shown(store.read(key))
  const version = await shown(store.version(key))
  const written = await shown(store.compareAndSet(key, 0, CANARY, newAttemptId()))

  expect(read + version + written + lines.join('')).not.toContain(CANARY)
  expect(reasons()).toEqual(Array(3).fill('store_refused WRONGTYPE'))
  expect(await admin.get(key)).toBe(CANARY)
})

it('does not read as a document what its scripts did not write', async () => {
  await admin.hset(key, 'record', CANARY)

  const read = await shown(store.read(key))

  expect(read + lines.join('')).not.toContain(CANARY)
  expect(reasons()).toEqual(['store_refused unexpected_reply'])
})

it('is ambiguous, not certain, when a script was stopped after it may have written', async () => {
  await admin.call('ACL', 'SETUSER', 'default', '-pexpire')
  const write = () => store.compareAndSet(key, 0, CANARY, 'write', { expiresInMs: 60_000 })

  const { outcome } = await write()

  await admin.call('ACL', 'SETUSER', 'default', '+pexpire')
  expect(outcome).not.toBe('won')
  expect(lines.join('')).not.toContain(CANARY)
  expect((await write()).outcome).toBe('already')
})

it('goes on when the server is demoted and promoted again', async () => {
  await store.compareAndSet(key, 0, 'before', newAttemptId())
  await admin.call('REPLICAOF', '127.0.0.1', '1')

  const refused = await shown(store.compareAndSet(key, 1, CANARY, newAttemptId()))
  await admin.call('REPLICAOF', 'NO', 'ONE')

  expect(refused + lines.join('')).not.toContain(CANARY)
  expect(reasons()[0]).toBe('store_refused READONLY')
})

it('tells the observer of every call how it went', async () => {
  await store.compareAndSet(key, 0, 'text', newAttemptId())
  await store.read(key)
  await store.version(key)
  await store.listIndex('portal', null, 1)
  await store.ping()
  await admin.set(`${key}x`, 'a string')
  await shown(store.read(`${key}x`))

  expect(observed).toEqual([
    'write ok',
    'read ok',
    'version ok',
    'index ok',
    'ping ok',
    'read error',
  ])
})
