import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey, type WriteResult } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { AT_ONCE } from '../support/redis-replicas.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { openRedisSubject, type RedisSubject } from '../support/redis-subject.ts'
import { startTcpPartition, type TcpPartition } from '../support/tcp-partition.ts'

const WRITERS = 10

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis
/** What the service knows the server by; it may lead to another one. */
let name: TcpPartition
let subject: RedisSubject
let keys: readonly string[]

beforeEach(async () => {
  server = await startRedis({ args: AT_ONCE })
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
  name = await startTcpPartition(server.port)
  cleanup.add(name.stop)
  subject = await openRedisSubject(`redis://127.0.0.1:${name.port}`, cleanup, { lookEveryMs: 100 })
  keys = Array.from({ length: WRITERS }, () => documentKey(`conn_${newAttemptId()}`))
})
afterEach(cleanup.run)

type Outcome = WriteResult['outcome'] | 'store_unavailable'

interface Load {
  readonly outcomes: readonly Outcome[]
  /** The revision of the last write that was acknowledged, by key. */
  readonly acknowledged: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** One writer for each key, each writing on top of what it reads. */
function write(): Load {
  const outcomes: Outcome[] = []
  const acknowledged = new Map<string, number>()
  let isOver = false
  async function once(key: string): Promise<Outcome> {
    const revision = (await subject.store.read(key)).document?.revision ?? 0
    const options = { durable: revision % 2 === 0 }
    const { outcome } = await subject.store.compareAndSet(
      key,
      revision,
      `${revision + 1}`,
      newAttemptId(),
      options,
    )
    if (outcome === 'won') acknowledged.set(key, revision + 1)
    return outcome
  }
  const running = keys.map(async (key) => {
    while (!isOver) {
      outcomes.push(await once(key).catch(({ code }) => code))
      await new Promise(setImmediate)
    }
  })
  return {
    outcomes,
    acknowledged,
    async stop() {
      isOver = true
      await Promise.all(running)
    },
  }
}

async function expectNothingLost({ acknowledged }: Load): Promise<void> {
  for (const key of keys) {
    const { document } = await subject.store.read(key)
    expect(document?.revision).toBeGreaterThanOrEqual(acknowledged.get(key) ?? 0)
    expect(document?.text).toBe(`${document?.revision}`)
  }
}

it('refuses writes while its server is a replica under load, and goes on when it is none', async () => {
  const load = write()
  await eventually(() => load.outcomes.filter((one) => one === 'won').length > 100)
  await admin.call('REPLICAOF', '127.0.0.1', '1')
  await eventually(() => load.outcomes.slice(-WRITERS).every((one) => one === 'store_unavailable'))
  await admin.call('REPLICAOF', 'NO', 'ONE')
  const before = load.outcomes.length
  await eventually(() => load.outcomes.slice(before).filter((one) => one === 'won').length > 100)
  await load.stop()

  expect(new Set(load.outcomes)).not.toContain('lost')
  await expectNothingLost(load)
})

it('follows its name to the one that was promoted, and loses nothing that this one had', async () => {
  const replicaof = ['--replicaof', '127.0.0.1', `${server.port}`]
  const replica = await startRedis({ args: [...AT_ONCE, ...replicaof] })
  cleanup.add(replica.stop)
  const load = write()
  await eventually(() => load.acknowledged.size === WRITERS)
  await admin.call('CLIENT', 'PAUSE', '1000', 'WRITE')
  await eventually(async () => (await offsetOf(replica)) === (await offsetOf(server)))
  await replica.cli('replicaof', 'no', 'one')
  await admin.call('REPLICAOF', '127.0.0.1', `${replica.port}`)
  name.lead(replica.port)
  const before = load.outcomes.length
  await eventually(() => load.outcomes.slice(before).filter((one) => one === 'won').length > 100)
  await load.stop()

  expect(subject.changes()).toBeGreaterThan(0)
  await expectNothingLost(load)
})

async function offsetOf({ cli }: RedisServer): Promise<string | undefined> {
  const info = await cli('info', 'replication')
  return /^(?:slave_repl_offset|master_repl_offset):(\d+)/m.exec(info)?.[1]
}

it('leaves a server that was demoted for the one its name leads to, also while nobody writes', async () => {
  const other = await startRedis()
  cleanup.add(other.stop)
  const [key = ''] = keys
  await subject.store.compareAndSet(key, 0, 'of a replica', newAttemptId())
  name.lead(other.port)
  await subject.counted()
  expect((await subject.store.read(key)).document?.text).toBe('of a replica')

  await admin.call('REPLICAOF', '127.0.0.1', '1')

  await eventually(async () => (await subject.store.read(key)).document === null)
  expect(subject.changes()).toBeGreaterThan(0)
})
