import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import {
  mentions,
  REFUSAL,
  type RedisFaultProxy,
  startRedisFaultProxy,
} from '../support/redis-fault-proxy.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const TIMEOUT_MS = 1500

const cleanup = createCleanup()
let server: RedisServer
let proxy: RedisFaultProxy
let store: Store
let key: string
let writeId: string

beforeEach(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  proxy = await startRedisFaultProxy(server.port)
  cleanup.add(() => proxy.stop())
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
    proxy.on({ at: 'reply', matches: mentions(writeId), act: 'cut' })

    const result = await store.compareAndSet(key, 0, 'text', writeId, options)

    expect(result.outcome).toBe('already')
    expect(proxy.seen(mentions(writeId))).toBe(2)
    expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
  },
)

it('says `ambiguous` in time when the answer is lost again and again', async () => {
  proxy.on({ at: 'reply', matches: mentions(writeId), times: 100, act: 'cut' })
  const startedAt = performance.now()

  const result = await store.compareAndSet(key, 0, 'text', writeId)

  expect(result).toEqual({ outcome: 'ambiguous', durable: false })
  expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + 1000)
})

it('says `ambiguous` when no answer comes, and `already` to the same write id later', async () => {
  proxy.on({ at: 'reply', matches: mentions(writeId), act: 'drop' })

  const first = await store.compareAndSet(key, 0, 'text', writeId)
  await eventually(async () => (await store.version(key)) === writeId)
  const second = await store.compareAndSet(key, 0, 'text', writeId)

  expect(first.outcome).toBe('ambiguous')
  expect(second.outcome).toBe('already')
  expect((await store.read(key)).document?.revision).toBe(1)
})

it('says that nothing was written when the only sending was refused', async () => {
  proxy.on({ at: 'command', matches: mentions(writeId), act: { answer: REFUSAL } })

  const result = store.compareAndSet(key, 0, 'text', writeId)

  await expect(result).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(proxy.seen(mentions(writeId))).toBe(1)
  expect((await store.read(key)).document).toBeNull()
})

it('does not say so when the second sending was refused and the first was not', async () => {
  proxy.on({ at: 'reply', matches: mentions(writeId), act: 'cut' })
  proxy.on({
    at: 'command',
    matches: mentions(writeId),
    skip: 1,
    times: 100,
    act: { answer: REFUSAL },
  })

  const result = await store.compareAndSet(key, 0, 'text', writeId)

  expect(result.outcome).toBe('ambiguous')
  expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
})

it('sets a reference although the answer was lost', async () => {
  const reference = `kg:{portal}:ref:emm-eu:${writeId}`
  proxy.on({ at: 'reply', matches: mentions(writeId), act: 'cut' })

  expect(await store.setReference(reference, null, 'conn_1')).toBe(true)
  expect(proxy.seen(mentions(writeId))).toBe(2)
})

it('reads although the answer was lost', async () => {
  await store.compareAndSet(key, 0, 'text', writeId)
  proxy.on({ at: 'reply', matches: mentions(key), act: 'cut' })

  expect((await store.read(key)).document?.text).toBe('text')
})
