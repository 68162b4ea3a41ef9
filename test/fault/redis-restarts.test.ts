import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { newAttemptId } from '../../src/shared/ids.ts'
import { documentKey } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { openRedisSubject, type RedisSubject } from '../support/redis-subject.ts'
import { startRig } from '../support/service-rig.ts'
import { expire, storedConnection } from '../support/stored-connection.ts'

/** As the operations guide has it. */
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'everysec']
const WRITES = 300

const cleanup = createCleanup()
let dir: string
let server: RedisServer | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'knoxgate-restarts-'))
  cleanup.add(() => rm(dir, { recursive: true, force: true }))
  cleanup.add(() => server?.stop())
})
afterEach(cleanup.run)

async function restart(port?: number): Promise<RedisServer> {
  server = await startRedis({ dir, args: KEPT, ...(port === undefined ? {} : { port }) })
  return server
}

/** Writes documents one after the other, each with its number. */
async function writeAll({ store }: RedisSubject): Promise<readonly string[]> {
  const keys = Array.from({ length: WRITES }, () => documentKey(`conn_${newAttemptId()}`))
  for (const [n, key] of keys.entries()) {
    const { outcome } = await store.compareAndSet(key, 0, `${n}`, newAttemptId(), { durable: true })
    expect(outcome).toBe('won')
  }
  return keys
}

const textsOf = async ({ store }: RedisSubject, keys: readonly string[]) =>
  (await Promise.all(keys.map((key) => store.read(key)))).map(({ document }) => document?.text)

const isBack = ({ store }: RedisSubject) => eventually(() => store.ping().then(() => true))

/** The file that writes are appended to. */
async function appendOnlyFile(): Promise<string> {
  const found = (await readdir(join(dir, 'appendonlydir'))).find((name) =>
    name.endsWith('.incr.aof'),
  )
  if (found === undefined) throw new Error('no append-only file')
  return join(dir, 'appendonlydir', found)
}

it('loses no acknowledged write when a server with an append-only file is killed', async () => {
  const { url, port, stop } = await restart()
  const subject = await openRedisSubject(url, cleanup)
  const keys = await writeAll(subject)
  await stop('SIGKILL')
  await restart(port)
  await isBack(subject)

  expect(await textsOf(subject, keys)).toEqual(keys.map((_, n) => `${n}`))
})

it('finds a write gone that the end of a damaged file held, and replaces nothing it never saw', async () => {
  const { url, port, stop } = await restart()
  const subject = await openRedisSubject(url, cleanup)
  const keys = await writeAll(subject)
  const [last = ''] = keys.slice(-1)
  const { document } = await subject.store.read(last)
  await stop('SIGKILL')
  const file = await appendOnlyFile()
  await truncate(file, (await stat(file)).size - 20)
  await restart(port)
  await isBack(subject)

  const texts = await textsOf(subject, keys)
  expect(texts.slice(0, -1)).toEqual(keys.slice(0, -1).map((_, n) => `${n}`))
  expect(texts.at(-1)).toBeUndefined()
  await eventually(() => subject.changes() > 0)
  await subject.store.compareAndSet(last, 0, 'another', newAttemptId())
  const version = document?.version ?? ''
  const late = await subject.store.compareAndSet(last, 1, 'late', newAttemptId(), { version })
  expect(late.outcome).toBe('lost')
  expect(await textsOf(subject, [last])).toEqual(['another'])
})

it('writes a renewal again that the last second of a failed host took with it', async () => {
  const rig = await startRig({ redisDir: dir, redisArgs: KEPT })
  cleanup.add(rig.close)
  const copy = join(dir, 'copy')
  const files = join(dir, 'appendonlydir')
  const id = await rig.connect('tenant-1')
  await rig.token(id)
  await expire(rig.db, id)
  await cp(files, copy, { recursive: true })
  expect((await rig.token(id)).status).toBe(200)
  expect((await storedConnection(rig.db, id)).record.generation).toBe(2)

  await rig.redis.stop('SIGKILL')
  await rm(files, { recursive: true })
  await cp(copy, files, { recursive: true })
  await restart(rig.redis.port)

  await eventually(async () => (await storedConnection(rig.db, id)).record.generation === 2)
  await expire(rig.db, id)
  expect((await rig.token(id)).status).toBe(200)
  const { refused, spent } = rig.sandbox.record()
  expect([refused.token, spent.refreshTokens]).toEqual([0, 2])
})
