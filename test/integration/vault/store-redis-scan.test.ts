import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { openRedisSubject } from '../../support/redis-subject.ts'
import { startCluster } from '../../support/redis-topologies.ts'
import { scanBehaviour, scannedIds } from '../../support/store-contract-scan.ts'

const docs = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
/** As the documentation tells operators to make them. */
const rulesOf = (user: string) =>
  new RegExp(`^ACL SETUSER ${user} (.+)$`, 'm').exec(docs)?.[1]?.split(' ') ?? []

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis

beforeAll(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
  for (const user of ['knoxgate', 'knoxgate-vault'])
    await admin.call('ACL', 'SETUSER', user, ...rulesOf(user))
})
afterAll(cleanup.run)

const urlOf = (user: string) => server.url.replace('//', `//${user}:PASSWORD@`)

async function fill(store: Store, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, n) => `conn_${String(n).padStart(5, '0')}`)
  await Promise.all(ids.map((id) => store.compareAndSet(documentKey(id), 0, '{}', `w${id}`)))
  return ids
}

describe('a walk by the documented user', () => {
  let store: Store
  let service: Store
  beforeAll(async () => {
    service = (await openRedisSubject(urlOf('knoxgate'), cleanup)).store
    store = (await openRedisSubject(urlOf('knoxgate-vault'), cleanup)).store
  })

  scanBehaviour(() => ({
    store,
    service,
    async advance(ms) {
      for (const key of await admin.keys('kg:*')) {
        const left = await admin.pttl(key)
        if (left >= 0) await admin.pexpire(key, left - ms)
      }
    },
  }))
})

it('takes more rights than the service has', async () => {
  const { store, events } = await openRedisSubject(urlOf('knoxgate'), cleanup)

  await expect(scannedIds(store, '')).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(events()).toContain('store_refused NOPERM')
})

it('goes over every master of a cluster', async () => {
  const cluster = await startCluster()
  cleanup.add(cluster.stop)
  const { store } = await openRedisSubject(cluster.url, cleanup)
  const ids = await fill(store, 300)

  expect(await scannedIds(store, 'conn_')).toEqual(ids)
})

it('does not count when the server was another one by the end', async () => {
  const args = ['--appendonly', 'yes', '--appendfsync', 'always']
  const first = await startRedis({ args })
  const { store } = await openRedisSubject(first.url, cleanup)
  await fill(store, 2000)
  const walk = store.documentIds('conn_')[Symbol.asyncIterator]()
  expect((await walk.next()).done).toBe(false)

  await first.stop('SIGKILL')
  const second = await startRedis({ port: first.port })
  cleanup.add(second.stop)
  await eventually(async () => {
    await store.ping()
    return true
  })

  const rest = async () => {
    while ((await walk.next()).done !== true);
  }
  await expect(rest()).rejects.toMatchObject({ code: 'store_unavailable' })
})
