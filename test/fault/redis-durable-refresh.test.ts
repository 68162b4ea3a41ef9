import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createLog } from '../../src/shared/log.ts'
import { Secret } from '../../src/shared/secret.ts'
import type { Snapshot } from '../../src/vault/connections.ts'
import { createRedisStore } from '../../src/vault/store-redis.ts'
import { createCleanup } from '../support/cleanup.ts'
import { type Replicated, startReplicated } from '../support/redis-replicas.ts'
import { codeOf, createWorld, type World } from '../unit/vault/support/world.ts'

const cleanup = createCleanup()
let redis: Replicated
let world: World
let id: string

beforeEach(async () => {
  redis = await startReplicated(1, cleanup)
  const store = await createRedisStore({
    url: new Secret(redis.master.url),
    timeoutMs: 5000,
    replication: { replicas: 1, timeoutMs: 1000 },
    log: createLog('silent'),
  })
  cleanup.add(store.close)
  world = createWorld({ wrapStore: () => store })
  id = await world.connect()
})
afterEach(cleanup.run)

async function snapshot(): Promise<Snapshot> {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

it('spends no token whose intent the replicas do not have, and loses nothing by it', async () => {
  const { refresher, outcomes } = world.replica()
  redis.freeze()

  expect(await codeOf(refresher.refresh(await snapshot()))).toBe('store_not_durable')
  await refresher.idle()

  expect(world.samsung.spent).toEqual([])
  expect(await world.bindingOf(id)).toMatchObject({ refresh: { state: 'ok', failures: 0 } })
  expect((await snapshot()).connection.generation).toBe(1)
  redis.thaw()
  const renewed = await refresher.refresh(await snapshot())

  expect(world.samsung.spent).toEqual(['refresh-1'])
  expect(renewed.connection.generation).toBe(2)
  // Not `recovered_after_uncertain`: it is known that the token had not been spent.
  expect(outcomes).toEqual(['success'])
})

it('stores no connection as connected that the replicas do not have', async () => {
  redis.freeze()

  expect(await codeOf(world.connect({ tenantRef: 'tenant-2' }))).toBe('store_not_durable')
})
