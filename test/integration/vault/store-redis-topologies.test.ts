import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newAttemptId } from '../../../src/shared/ids.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { freePort } from '../../support/redis-server.ts'
import { startCluster, startSentinelGroup } from '../../support/redis-topologies.ts'

it('says why no node of a cluster could be reached', async () => {
  const lines: string[] = []
  const ports = [await freePort(), await freePort()]
  const url = new Secret(`redis+cluster://127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}`)
  const log = createLog('debug', { write: (line) => void lines.push(line) })

  const opening = createRedisStore({ url, timeoutMs: 500, startTimeoutMs: 500, log })

  await expect(opening).rejects.toMatchObject({ code: 'store_unavailable' })
  const reasons = lines.map((line) => JSON.parse(line).reason)
  expect(reasons).toContain('connection_closed')
  expect(lines.join('')).not.toContain('127.0.0.1')
})

describe.each([
  ['a cluster', startCluster],
  ['sentinels', startSentinelGroup],
] as const)('a store on %s', (_, start) => {
  const cleanup = createCleanup()
  let store: Store

  beforeAll(async () => {
    const group = await start()
    cleanup.add(group.stop)
    const log = createLog('silent')
    store = await createRedisStore({ url: new Secret(group.url), timeoutMs: 5000, log })
    cleanup.add(store.close)
  })
  afterAll(cleanup.run)

  it('writes and reads documents wherever their keys belong', async () => {
    const keys = Array.from({ length: 50 }, () => documentKey(`conn_${newAttemptId()}`))

    const written = await Promise.all(
      keys.map((key, n) => store.compareAndSet(key, 0, key, `w${n}`, { durable: n % 2 === 0 })),
    )
    const read = await Promise.all(keys.map((key) => store.read(key)))
    const versions = await Promise.all(keys.map((key) => store.version(key)))

    expect(written.map(({ outcome }) => outcome)).toEqual(keys.map(() => 'won'))
    expect(read.map(({ document }) => document?.text)).toEqual(keys)
    expect(versions).toEqual(keys.map((_key, n) => `w${n}`))
  })

  it('keeps indexes and references', async () => {
    await store.addToIndex('portal', 'conn_b')
    await store.addToIndex('portal', 'conn_a')

    expect(await store.listIndex('portal', null, 10)).toEqual(['conn_a', 'conn_b'])
    expect(await store.setReference('kg:{portal}:ref:p:t', null, 'conn_a')).toBe(true)
    expect(await store.readReference('kg:{portal}:ref:p:t')).toBe('conn_a')
  })

  it('is ready, and describes its masters', async () => {
    await expect(store.ping()).resolves.toBeUndefined()
    expect(await store.describe()).toMatchObject({
      kind: 'redis',
      role: 'master',
      warnings: ['no append-only file'],
    })
  })
})
