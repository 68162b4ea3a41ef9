import { afterEach, expect, it } from '@jest/globals'
import { createCleanup } from '../../support/cleanup.ts'
import { startReplicated } from '../../support/redis-replicas.ts'
import { openRedisSubject } from '../../support/redis-subject.ts'

const KEPT = ['--appendonly', 'yes']

const cleanup = createCleanup()
afterEach(cleanup.run)

it('finds a replica that would lose what it is given once it is promoted', async () => {
  const redis = await startReplicated(2, cleanup, KEPT)
  const { store } = await openRedisSubject(redis.master.url, cleanup)

  const before = await store.describe()
  for (const { cli } of redis.replicas) await cli('config', 'set', 'appendonly', 'yes')
  const after = await store.describe()

  expect(before).toMatchObject({
    replicas: 2,
    risks: ['persistence'],
    warnings: ['a replica: no append-only file'],
  })
  expect(after).toMatchObject({ durability: 'ok', risks: [], warnings: [] })
})

it('says that a replica was not checked, and does not wait for it', async () => {
  const redis = await startReplicated(1, cleanup, KEPT)
  const { store } = await openRedisSubject(redis.master.url, cleanup)
  redis.freeze()
  const startedAt = performance.now()

  const facts = await store.describe()

  redis.thaw()
  expect(performance.now() - startedAt).toBeLessThan(3000)
  expect(facts).toMatchObject({
    durability: 'ok',
    warnings: ['a replica gave no answer: it is not checked'],
  })
})
