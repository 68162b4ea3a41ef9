import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import type { Store } from '../../../src/vault/store.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { storeContract } from '../../support/store-contract.ts'

/** The user that docs tell operators to make: its own keys, and no command that is not needed. */
const LEAST =
  'on >least-password resetkeys ~kg:* resetchannels -@all +ping +info +eval +evalsha +hget +hmget ' +
  '+hset +pexpire +persist +time +get +set +del +zadd +zrem +zrange +select'

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis

beforeAll(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
  await admin.call('ACL', 'SETUSER', 'knoxgate', ...LEAST.split(' '))
})
afterAll(cleanup.run)

const opened: Store[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
})

async function openStore(path = ''): Promise<Store> {
  const store = await createRedisStore({
    url: new Secret(`redis://knoxgate:least-password@127.0.0.1:${server.port}${path}`),
    timeoutMs: 5000,
    log: createLog('silent'),
  })
  opened.push(store)
  return store
}

/** Brings every expiry nearer, which is what the passing of time does. */
async function advance(ms: number): Promise<void> {
  for (const key of await admin.keys('kg:*')) {
    const left = await admin.pttl(key)
    if (left >= 0) await admin.pexpire(key, left - ms)
  }
}

storeContract('redis, by a user with the least commands,', async () => {
  return { store: await openStore(), advance, dispose: async () => {} }
})

it.each(['KEYS *', 'CONFIG GET *', 'FLUSHALL', 'DEBUG SLEEP 0', 'SCAN 0', 'MONITOR', 'GET other'])(
  'needs no right to %s',
  async (command) => {
    const allowed = await admin.call('ACL', 'DRYRUN', 'knoxgate', ...command.split(' '))

    expect(allowed).not.toBe('OK')
  },
)

it('keeps databases apart', async () => {
  const [zero, three] = await Promise.all([openStore(), openStore('/3')])

  await zero.compareAndSet('kg:{conn_db}', 0, 'text', 'write')

  expect((await three.read('kg:{conn_db}')).document).toBeNull()
  expect((await zero.read('kg:{conn_db}')).document?.text).toBe('text')
})

it('sends durable writes over a connection of their own', async () => {
  const store = await openStore()
  const mine = async () => {
    const list = String(await admin.client('LIST'))
    return list.split('\n').filter((line) => line.includes('user=knoxgate'))
  }
  const commands = async () => (await mine()).map((line) => /cmd=(\S+)/.exec(line)?.[1]).toSorted()

  await store.version('kg:{conn_durable}')
  await store.compareAndSet('kg:{conn_durable}', 0, 'text', 'write', { durable: true })

  expect(await commands()).toEqual(['eval', 'hget'])
})

it('describes a server that may lose what it is given', async () => {
  const store = await openStore()
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')

  const facts = await store.describe()

  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  expect(facts).toMatchObject({ kind: 'redis', role: 'master' })
  expect(facts.version).toMatch(/^\d+\.\d+\.\d+$/)
  expect(facts.warnings).toEqual(['eviction policy is not noeviction', 'no append-only file'])
})

it('has nothing to warn of when the server keeps an append-only file and evicts nothing', async () => {
  const store = await openStore()
  await admin.config('SET', 'appendonly', 'yes')

  const facts = await store.describe()

  await admin.config('SET', 'appendonly', 'no')
  expect(facts.warnings).toEqual([])
})

it('describes itself without throwing after it was closed', async () => {
  const store = await openStore()
  await store.close()

  expect((await store.describe()).warnings).toEqual(['redis does not say how it is configured'])
})
