import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { type RedisProxy, startRedisProxy } from '../support/redis-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const TIMEOUT_MS = 1500

const cleanup = createCleanup()
let server: RedisServer
let proxy: RedisProxy
let store: Store
let key: string
let writeId: string

beforeEach(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  proxy = await startRedisProxy(server.port)
  cleanup.add(proxy.stop)
  key = documentKey(`conn_${newAttemptId()}`)
  writeId = newAttemptId()
  store = await openStore()
  cleanup.add(store.close)
})
afterEach(cleanup.run)

const openStore = () =>
  createRedisStore({
    url: new Secret(proxy.url),
    timeoutMs: TIMEOUT_MS,
    log: createLog('silent'),
  })

it.each([{ durable: false }, { durable: true }])(
  'finds out that a write was applied when its answer was lost, with %j',
  async (options) => {
    proxy.fail(writeId, 'cut')

    const result = await store.compareAndSet(key, 0, 'text', writeId, options)

    expect(result.outcome).toBe('already')
    expect(proxy.sent(writeId)).toBe(2)
    expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
  },
)

it('says `ambiguous` in time when the answer is lost again and again', async () => {
  proxy.fail(writeId, 'cut', 100)
  const startedAt = performance.now()

  const result = await store.compareAndSet(key, 0, 'text', writeId)

  expect(result).toEqual({ outcome: 'ambiguous', durable: false })
  expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + 1000)
})

it('says `ambiguous` when no answer comes, and `already` to the same write id later', async () => {
  proxy.fail(writeId, 'hold')

  const first = await store.compareAndSet(key, 0, 'text', writeId)
  await eventually(async () => (await store.version(key)) === writeId)
  const second = await store.compareAndSet(key, 0, 'text', writeId)

  expect(first.outcome).toBe('ambiguous')
  expect(second.outcome).toBe('already')
  expect((await store.read(key)).document?.revision).toBe(1)
})

it('says that nothing was written when the only sending was refused', async () => {
  proxy.fail(writeId, 'refuse')

  const result = store.compareAndSet(key, 0, 'text', writeId)

  await expect(result).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(proxy.sent(writeId)).toBe(1)
  expect((await store.read(key)).document).toBeNull()
})

it('does not say so when the second sending was refused and the first was not', async () => {
  proxy.fail(writeId, 'cut')
  proxy.fail(writeId, 'refuse', 100)

  const result = await store.compareAndSet(key, 0, 'text', writeId)

  expect(result.outcome).toBe('ambiguous')
  expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
})

it('sets a reference although the answer was lost', async () => {
  const reference = `kg:{portal}:ref:emm-eu:${writeId}`
  proxy.fail(writeId, 'cut')

  expect(await store.setReference(reference, null, 'conn_1')).toBe(true)
  expect(proxy.sent(writeId)).toBe(2)
})

it('reads although the answer was lost', async () => {
  await store.compareAndSet(key, 0, 'text', writeId)
  proxy.fail(key, 'cut')

  expect((await store.read(key)).document?.text).toBe('text')
})
