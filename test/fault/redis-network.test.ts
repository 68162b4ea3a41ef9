import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import {
  mentions,
  type RedisFaultProxy,
  startRedisFaultProxy,
} from '../support/redis-fault-proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { openRedisSubject, type RedisSubject } from '../support/redis-subject.ts'
import type { Way } from '../support/tcp-link.ts'

const TIMEOUT_MS = 500
/** One time-out and a half until the connection is given up, and what a busy machine takes. */
const SOON_MS = 2500
const UNAVAILABLE = { code: 'store_unavailable' }

const cleanup = createCleanup()
let proxy: RedisFaultProxy
let subject: RedisSubject
let key: string
let writeId: string

beforeEach(async () => {
  const server = await startRedis()
  cleanup.add(server.stop)
  proxy = await startRedisFaultProxy(server.port)
  cleanup.add(proxy.stop)
  subject = await openRedisSubject(proxy.url, cleanup, { timeoutMs: TIMEOUT_MS })
  key = documentKey(`conn_${newAttemptId()}`)
  writeId = newAttemptId()
})
afterEach(cleanup.run)

const write = () => subject.store.compareAndSet(key, 0, 'text', writeId)

async function inTime<T>(work: Promise<T>): Promise<T> {
  const startedAt = performance.now()
  try {
    return await work
  } finally {
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
  }
}

const isBack = () => eventually(() => subject.store.ping().then(() => true))

describe.each<Way>(['to_server', 'to_client'])('a network that keeps everything %s', (way) => {
  it('costs callers no more than a hung server, and the same write is found or made after', async () => {
    proxy.set(way, { blackhole: true })

    const [read, written] = await Promise.all([
      inTime(subject.store.read(key).catch((error: unknown) => error)),
      inTime(write()),
    ])
    proxy.clear()

    expect(read).toMatchObject(UNAVAILABLE)
    expect(written).toEqual({ outcome: 'ambiguous', durable: false })
    await isBack()
    expect(['won', 'already']).toContain((await write()).outcome)
    expect((await subject.store.read(key)).document).toMatchObject({ revision: 1 })
  })
})

it('leaves a connection that is dead and says nothing of it, though nobody calls', async () => {
  proxy.set('to_client', { blackhole: true })

  await eventually(() => subject.events().some((event) => event.includes('connection_error')))
  proxy.clear()
  await isBack()
})

it('connects again when the other side has half closed', async () => {
  proxy.halfClose('to_client')

  await isBack()
  expect((await write()).outcome).toBe('won')
})

it('finds out what became of a write whose answer was torn in the middle', async () => {
  const stop = proxy.on({
    at: 'reply',
    matches: mentions(writeId),
    act: () => {
      proxy.set('to_client', { cutAfterBytes: 7 })
      return 'pass'
    },
  })
  const written = write()
  await eventually(() => proxy.seen(mentions(writeId)) === 1)
  await eventually(() => proxy.seen(({ command }) => /^info$/i.test(command[0] ?? '')) > 2)
  stop()
  proxy.clear()

  expect(['already', 'ambiguous']).toContain((await written).outcome)
  await isBack()
  expect((await write()).outcome).toBe('already')
})

it('bears answers that come late and in fits and starts', async () => {
  proxy.set('to_client', { latencyMs: 50, jitterMs: 200 })
  const keys = Array.from({ length: 20 }, () => documentKey(`conn_${newAttemptId()}`))

  const results = await Promise.all(
    keys.map((one, n) => subject.store.compareAndSet(one, 0, one, `write-${n}`)),
  )
  const read = await Promise.all(keys.map((one) => subject.store.read(one)))

  expect(results.map(({ outcome }) => outcome)).toEqual(keys.map(() => 'won'))
  expect(read.map(({ document }) => document?.text)).toEqual(keys)
})
