import { afterEach, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createCleanup } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { startFakeSentinel } from '../support/fake-sentinel.ts'
import { startRedis } from '../support/redis-server.ts'
import { openRedisSubject } from '../support/redis-subject.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

it('comes back when news of a failover arrives while it asks a sentinel for the master', async () => {
  const server = await startRedis()
  cleanup.add(server.stop)
  const sentinel = await startFakeSentinel(server.port)
  cleanup.add(sentinel.stop)
  const { store } = await openRedisSubject(sentinel.url, cleanup)
  const admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())

  const asked = sentinel.hold()
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await asked
  sentinel.announce()
  await eventually(async () => (await store.ping().catch(() => 'lost')) === 'lost')
  sentinel.release()

  await eventually(() => store.ping().then(() => true))
  expect((await store.read('kg:{conn_none}')).document).toBeNull()
})
