import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { AT_ONCE } from '../support/redis-replicas.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { openRedisSubject, type RedisSubject } from '../support/redis-subject.ts'
import { startTcpPartition } from '../support/tcp-partition.ts'

/** From the moment that the new server answers; a commit must not be missing for longer. */
const SOON_MS = 3000
const KEPT = ['--appendonly', 'yes']
const OFTEN = { lookEveryMs: 100 }

const cleanup = createCleanup()
let dir: string
let server: RedisServer
let admin: Redis

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'knoxgate-primary-'))
  cleanup.add(() => rm(dir, { recursive: true, force: true }))
  server = await startRedis({ dir, args: KEPT })
  cleanup.add(() => server.stop())
  admin = new Redis(server.url)
  admin.on('error', () => {})
  cleanup.add(() => admin.disconnect())
})
afterEach(cleanup.run)

const fill = async ({ store }: RedisSubject, count: number): Promise<void> => {
  const ids = Array.from({ length: count }, () => newAttemptId())
  await Promise.all(ids.map((id) => store.compareAndSet(documentKey(id), 0, 'text', id)))
}

const killConnections = () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')

describe('a store tells that another server may decide', () => {
  it('when the server was started again, which may have cost it what it had acknowledged', async () => {
    const subject = await openRedisSubject(server.url, cleanup, OFTEN)
    await server.stop('SIGKILL')
    server = await startRedis({ dir, args: KEPT, port: server.port })
    await eventually(() => subject.store.ping().then(() => true))

    await eventually(() => subject.changes() > 0, SOON_MS)
    expect(subject.events()).toContain('store_primary_changed')
  })

  it('when the one it knew was a replica for a while', async () => {
    const other = await startRedis({ args: AT_ONCE })
    cleanup.add(other.stop)
    const subject = await openRedisSubject(server.url, cleanup, OFTEN)
    await admin.call('REPLICAOF', '127.0.0.1', `${other.port}`)
    await eventually(async () => (await admin.info('replication')).includes('link_status:up'))
    expect(subject.changes()).toBe(0)
    await admin.call('REPLICAOF', 'NO', 'ONE')

    await eventually(() => subject.changes() > 0, SOON_MS)
  })

  it('when its name leads to another server', async () => {
    const other = await startRedis()
    cleanup.add(other.stop)
    const name = await startTcpPartition(server.port)
    cleanup.add(name.stop)
    const subject = await openRedisSubject(`redis://127.0.0.1:${name.port}`, cleanup, OFTEN)
    name.lead(other.port)
    name.drop()
    await eventually(() => subject.store.ping().then(() => true))

    await eventually(() => subject.changes() > 0, SOON_MS)
  })

  it('after every connection when the server does not say who it is', async () => {
    await admin.call('ACL', 'SETUSER', 'mute', 'on', '>word', '~*', '+@all', '-info')
    const subject = await openRedisSubject(server.url.replace('//', '//mute:word@'), cleanup)
    expect(subject.changes()).toBe(0)

    await killConnections()

    await eventually(() => subject.changes() > 0, SOON_MS)
  })
})

it('tells of a second change soon after the first one, but not before a second has passed', async () => {
  const other = await startRedis()
  cleanup.add(other.stop)
  const name = await startTcpPartition(server.port)
  cleanup.add(name.stop)
  const { store } = await openRedisSubject(`redis://127.0.0.1:${name.port}`, cleanup, OFTEN)
  const told: number[] = []
  store.onPrimaryChange(() => void told.push(performance.now()))
  const lead = async (port: number): Promise<void> => {
    name.lead(port)
    name.drop()
    await eventually(() => store.ping().then(() => true))
  }

  await lead(other.port)
  // Once by each of the store's two connections.
  await eventually(() => told.length === 2)
  await lead(server.port)
  await eventually(() => told.length === 4, SOON_MS)

  const [first = 0, , third = 0] = told
  expect(third - first).toBeGreaterThanOrEqual(950)
})

it('does not tell of a connection that was lost to a server that is the same', async () => {
  const subject = await openRedisSubject(server.url, cleanup, OFTEN)

  await killConnections()
  await eventually(() => subject.store.ping().then(() => true))
  await subject.counted()
  await subject.counted()

  expect(subject.changes()).toBe(0)
  expect(subject.events()).not.toContain('store_primary_changed')
})

describe('a server that was started again', () => {
  it('without what it had is an error in the log, with how many keys are missing', async () => {
    const subject = await openRedisSubject(server.url, cleanup, OFTEN)
    await fill(subject, 20)
    await eventually(async () => (await subject.counted()) === 20)
    await server.stop('SIGKILL')
    server = await startRedis({ port: server.port })

    await eventually(() => subject.events().includes('store_keys_lost'))
    const line = subject.lines.find((one) => one.includes('store_keys_lost'))
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'error', count: 20 })
  })

  it('with all it had is none', async () => {
    const subject = await openRedisSubject(server.url, cleanup, OFTEN)
    await fill(subject, 20)
    await eventually(async () => (await subject.counted()) === 20)
    await server.stop('SIGKILL')
    server = await startRedis({ dir, args: KEPT, port: server.port })

    await eventually(() => subject.events().includes('store_primary_changed'))
    expect(await subject.counted()).toBe(20)
    expect(subject.events()).not.toContain('store_keys_lost')
  })
})
