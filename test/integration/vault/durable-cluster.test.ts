import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { newAttemptId } from '../../../src/shared/ids.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { AT_ONCE, heard, inStep } from '../../support/redis-replicas.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { type RedisGroup, startCluster } from '../../support/redis-topologies.ts'

const DURABLE = { durable: true }

interface Pair {
  readonly master: RedisServer
  readonly admin: Redis
  readonly id: string
  readonly replica: RedisServer
}

const cleanup = createCleanup()
let cluster: RedisGroup
let pairs: readonly Pair[]
let store: Store

beforeAll(async () => {
  cluster = await startCluster()
  cleanup.add(cluster.stop)
  pairs = await Promise.all(cluster.servers.map(addReplica))
  store = await createRedisStore({
    url: new Secret(cluster.url),
    timeoutMs: 5000,
    replication: { replicas: 1, timeoutMs: 1000 },
    log: createLog('silent'),
  })
  cleanup.add(store.close)
}, 60_000)
afterAll(cleanup.run)
afterEach(() => {
  for (const { pid } of frozen.splice(0)) process.kill(pid, 'SIGCONT')
})

const frozen: RedisServer[] = []
function freeze({ replica }: Pair): void {
  process.kill(replica.pid, 'SIGSTOP')
  frozen.push(replica)
}

/** Gives a master of the cluster a replica that is in step. */
async function addReplica(master: RedisServer): Promise<Pair> {
  const admin = new Redis(master.url)
  cleanup.add(() => admin.disconnect())
  await admin.config('SET', 'repl-diskless-sync-delay', '0')
  const id = String(await admin.cluster('MYID'))
  const replica = await startRedis({ args: ['--cluster-enabled', 'yes', ...AT_ONCE] })
  cleanup.add(replica.stop)
  const joining = new Redis(replica.url)
  await joining.cluster('MEET', '127.0.0.1', master.port)
  await eventually(async () => String(await joining.cluster('NODES')).includes(id))
  await eventually(async () => (await joining.cluster('REPLICATE', id)) === 'OK')
  joining.disconnect()
  await eventually(async () => inStep(await admin.info('replication')) === 1)
  const pair = { master, admin, id, replica }
  const [key = ''] = await keysOf(pair, 1)
  await heard(admin, 1, key)
  return pair
}

/** Some keys that belong to each master. */
async function keysOf(pair: Pair, count: number): Promise<readonly string[]> {
  const keys: string[] = []
  while (keys.length < count) {
    const key = documentKey(`conn_${newAttemptId()}`)
    // It answers about its own keys, and names another server for all others.
    const isHere = await pair.admin.exists(key).then(
      () => true,
      () => false,
    )
    if (isHere) keys.push(key)
  }
  return keys
}

const write = (key: string) => store.compareAndSet(key, 0, key, newAttemptId(), DURABLE)

it('waits at the server that has the key, whichever that is', async () => {
  const [ill, ...healthy] = pairs
  if (ill === undefined) throw new Error('no servers')
  const lost = await keysOf(ill, 12)
  const kept = (await Promise.all(healthy.map((pair) => keysOf(pair, 6)))).flat()
  freeze(ill)

  const results = await Promise.all([...lost, ...kept].map(write))

  expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'won'))
  expect(results.map(({ durable }) => durable)).toEqual([
    ...lost.map(() => false),
    ...kept.map(() => true),
  ])
})

it('waits again for a write that is sent again', async () => {
  const [pair] = pairs
  if (pair === undefined) throw new Error('no servers')
  const [key = ''] = await keysOf(pair, 1)
  const send = () => store.compareAndSet(key, 0, key, 'write', DURABLE)
  freeze(pair)
  const first = await send()
  process.kill(pair.replica.pid, 'SIGCONT')

  expect(first).toMatchObject({ outcome: 'won', durable: false })
  expect(await send()).toMatchObject({ outcome: 'already', durable: true })
})

it('follows a slot that is being moved, and waits there', async () => {
  const [from, to] = pairs
  if (from === undefined || to === undefined) throw new Error('no servers')
  const [key = '', later = ''] = await keysOf(from, 2)
  const slot = Number(await from.admin.cluster('KEYSLOT', key))
  await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id)
  await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id)

  const asked = await write(key)
  freeze(to)
  const unheard = await store.compareAndSet(key, 1, 'frozen', newAttemptId(), DURABLE)
  process.kill(to.replica.pid, 'SIGCONT')
  for (const { admin } of [to, from]) await admin.cluster('SETSLOT', slot, 'NODE', to.id)
  const moved = await store.compareAndSet(key, 2, 'moved', newAttemptId(), DURABLE)

  expect([asked, unheard, moved]).toMatchObject([
    { outcome: 'won', durable: true },
    { outcome: 'won', durable: false },
    { outcome: 'won', durable: true },
  ])
  expect(await to.admin.hget(key, 'record')).toBe('moved')
  expect(await write(later)).toMatchObject({ outcome: 'won', durable: true })
})

it('is described by its weakest master', async () => {
  const [weak] = pairs
  if (weak === undefined) throw new Error('no servers')

  const before = await store.describe()
  await weak.replica.stop()
  await eventually(async () => inStep(await weak.admin.info('replication')) === 0)
  const after = await store.describe()

  expect(before).toMatchObject({ replicas: 1, risks: ['persistence'] })
  expect(after).toMatchObject({ replicas: 0, risks: ['persistence', 'replicas'] })
})
