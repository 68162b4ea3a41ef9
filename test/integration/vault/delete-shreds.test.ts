import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createSeeder } from '../../../bench/seed.ts'
import { createLog } from '../../../src/shared/log.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createConnections } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { everyByteUnder, everythingRedisTells } from '../../support/redis-files.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { openRedisSubject } from '../../support/redis-subject.ts'
import { storedConnection } from '../../support/stored-connection.ts'

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis

beforeAll(async () => {
  const plain = ['--rdbcompression', 'no', '--aof-use-rdb-preamble', 'no']
  const args = ['--appendonly', 'yes', '--appendfsync', 'always', ...plain]
  server = await startRedis({ args })
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
})
afterAll(cleanup.run)

/** Makes Redis write its files anew, from what it holds now. */
async function rewriteFiles(): Promise<void> {
  await admin.bgrewriteaof()
  await eventually(async () => /^aof_rewrite_in_progress:0\r$/m.test(await admin.info()))
  // What the rewrite replaces is removed by a thread of its own.
  await admin.save()
}

const places = async (): Promise<string> =>
  [await everyByteUnder(server.dir), await everythingRedisTells(admin)].join('\n')

it('leaves nothing of a deleted connection’s data key, nor of what it sealed, anywhere in Redis', async () => {
  const seeder = await createSeeder({
    redisUrl: server.url,
    vaultKeys: `k1:${randomBytes(32).toString('base64')}`,
    pepper: randomBytes(32).toString('base64'),
    program: 'emm-eu',
    tokenLength: 100,
  })
  cleanup.add(seeder.close)
  const [deleted = '', kept = ''] = await seeder.fill('acme', 2)
  const secretsOf = async (id: string) => {
    const { record } = await storedConnection(admin, id)
    const { tokenSet, knoxToken } = consentBinding(record)
    const { accessToken, refreshToken = '' } = tokenSet
    return [record.dataKey, accessToken, refreshToken, knoxToken?.value ?? '']
  }
  const [gone, stays] = [await secretsOf(deleted), await secretsOf(kept)]
  const { store } = await openRedisSubject(server.url, cleanup)
  const log = createLog('silent')
  const connections = createConnections({ store, tombstoneMs: 60_000, clock: Date.now, log })
  const found = (place: string, secrets: readonly string[]) =>
    secrets.filter((secret) => secret !== '' && place.includes(secret))

  await rewriteFiles()
  const before = await places()
  expect(await connections.remove(deleted, tombstoneOf)).toBe(true)
  const atOnce = await everythingRedisTells(admin)
  await rewriteFiles()
  await eventually(async () => found(await everyByteUnder(server.dir), gone).length === 0)
  const after = await places()

  expect(found(before, gone)).toEqual(gone)
  expect(found(atOnce, gone)).toEqual([])
  expect(found(after, gone)).toEqual([])
  expect(after).toContain(deleted)
  expect(found(after, stays)).toEqual(stays)
})
