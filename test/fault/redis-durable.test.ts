import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { mentions, startRedisFaultProxy } from '../support/redis-fault-proxy.ts'
import { type Replicated, startReplicated } from '../support/redis-replicas.ts'

const TIMEOUT_MS = 3000
const DURABLE = { durable: true }

const cleanup = createCleanup()
let redis: Replicated
let lines: string[]
let key: string

beforeEach(async () => {
  redis = await startReplicated(1, cleanup)
  lines = []
  key = documentKey(`conn_${newAttemptId()}`)
})
afterEach(cleanup.run)

async function openStore(url = redis.master.url): Promise<Store> {
  const store = await createRedisStore({
    url: new Secret(url),
    timeoutMs: TIMEOUT_MS,
    replication: { replicas: 1, timeoutMs: 1000 },
    log: createLog('debug', { write: (line) => void lines.push(line) }),
  })
  cleanup.add(store.close)
  return store
}

const reasons = () => lines.map((line) => JSON.parse(line)).map((l) => `${l.event} ${l.reason}`)

it('finds out that a write was applied and replicated when its answer was lost', async () => {
  const proxy = await startRedisFaultProxy(redis.master.port)
  cleanup.add(() => proxy.stop())
  const store = await openStore(proxy.url)
  const writeId = newAttemptId()
  proxy.on({ at: 'reply', matches: mentions(writeId), act: 'cut' })

  const result = await store.compareAndSet(key, 0, 'text', writeId, DURABLE)

  expect(result).toMatchObject({ outcome: 'already', durable: true })
  expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
})

it('does not send to a hung master what waits behind a write that it did not answer', async () => {
  const store = await openStore()
  await store.compareAndSet(`${key}0`, 0, 'text', newAttemptId(), DURABLE)
  const keys = Array.from({ length: 30 }, (_, n) => `${key}${n + 1}`)
  process.kill(redis.master.pid, 'SIGSTOP')

  const results = await Promise.all(
    keys.map((one) =>
      store
        .compareAndSet(one, 0, 'text', newAttemptId(), DURABLE)
        .then(({ outcome }) => outcome)
        .catch(({ code }) => String(code)),
    ),
  )
  process.kill(redis.master.pid, 'SIGCONT')

  const refused = keys.filter((_, n) => results[n] === 'store_unavailable')
  expect([...new Set(results)].sort()).toEqual(['ambiguous', 'store_unavailable'])
  expect(refused.length).toBeGreaterThan(20)
  await eventually(async () => (await store.ping()) === undefined)
  const read = await Promise.all(refused.map((one) => store.read(one)))
  expect(read.map(({ document }) => document)).toEqual(refused.map(() => null))
})

it('says that a write is not durable when the server does not let it wait', async () => {
  await redis.admin.call('ACL', 'SETUSER', 'default', '-wait')
  const store = await openStore()

  const result = await store.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)
  const { risks, warnings } = await store.describe()

  await redis.admin.call('ACL', 'SETUSER', 'default', '+wait')
  expect(result).toMatchObject({ outcome: 'won', durable: false })
  expect(reasons()).toEqual(['store_refused NOPERM'])
  expect(risks).toEqual(['persistence', 'replicas'])
  expect(warnings).toContain('redis refuses WAIT')
})

it('knows a write again and does not call it durable when the server takes no more', async () => {
  const store = await openStore()
  const writeId = newAttemptId()
  const send = () => store.compareAndSet(key, 0, 'text', writeId, DURABLE)
  await send()
  await redis.admin.config('SET', 'min-replicas-to-write', '3')

  const refused = await send()
  await redis.admin.config('SET', 'min-replicas-to-write', '0')

  expect(refused).toMatchObject({ outcome: 'already', durable: false })
  expect(await send()).toMatchObject({ outcome: 'already', durable: true })
})

it('writes nothing when the server refuses, and says so to everyone in the same pipeline', async () => {
  const store = await openStore()
  await redis.admin.config('SET', 'min-replicas-to-write', '3')

  const writes = Array.from({ length: 5 }, (_, n) =>
    store.compareAndSet(`${key}${n}`, 0, 'text', newAttemptId(), DURABLE),
  )

  for (const write of writes)
    await expect(write).rejects.toMatchObject({ code: 'store_unavailable' })
  await redis.admin.config('SET', 'min-replicas-to-write', '0')
  expect((await store.read(`${key}0`)).document).toBeNull()
})

it('lets what one write is refused for touch no other in the same pipeline', async () => {
  const store = await openStore()
  await redis.admin.set(`${key}bad`, 'a string')
  const write = (one: string) => store.compareAndSet(one, 0, 'text', newAttemptId(), DURABLE)

  const [first, bad, good] = await Promise.allSettled([
    write(`${key}first`),
    write(`${key}bad`),
    write(`${key}good`),
  ])

  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
  for (const one of [first, good])
    expect(one).toMatchObject({ status: 'fulfilled', value: { outcome: 'won', durable: true } })
})
