import { beforeEach, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { createRedisWatch } from '../../../src/vault/redis-watch.ts'
import type { StoreFacts, StoreRisk } from '../../../src/vault/store.ts'
import { eventually } from '../../support/eventually.ts'

let risks: readonly StoreRisk[] | undefined
let lines: string[]
let published: (readonly StoreRisk[])[]

beforeEach(() => {
  risks = []
  lines = []
  published = []
})

const watch = (waived: readonly StoreRisk[] = [], everyMs = 1) =>
  createRedisWatch({
    describe: async (): Promise<StoreFacts> =>
      risks === undefined
        ? { kind: 'redis', warnings: [] }
        : { kind: 'redis', risks, warnings: [] },
    waived,
    publish: (seen) => void published.push(seen),
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    everyMs,
  })

const logged = () =>
  lines
    .map((line): Record<string, unknown> => JSON.parse(line))
    .map(({ level, event, reason }) => [level, event, reason])

it('says nothing of a store that is safe from the start', async () => {
  expect(await watch().look()).toEqual([])
  expect(logged()).toEqual([])
  expect(published).toEqual([[]])
})

it('logs changes only, and publishes every time', async () => {
  const { look } = watch()

  for (const seen of [['eviction'], ['eviction'], ['eviction', 'role'], [], []] as const) {
    risks = seen
    await look()
  }

  expect(logged()).toEqual([
    ['warn', 'store_unsafe', ['eviction']],
    ['warn', 'store_unsafe', ['eviction', 'role']],
    ['info', 'store_safe', undefined],
  ])
  expect(published).toHaveLength(5)
})

it('does not log what is waived, and publishes it', async () => {
  const { look } = watch(['persistence'])
  risks = ['persistence']
  await look()
  risks = ['eviction', 'persistence']
  await look()

  expect(logged()).toEqual([['warn', 'store_unsafe', ['eviction']]])
  expect(published).toEqual([['persistence'], ['eviction', 'persistence']])
})

it('takes an outage for no change', async () => {
  const { look } = watch()
  risks = ['eviction']
  await look()
  risks = undefined

  expect(await look()).toBeNull()
  expect(logged()).toHaveLength(1)
  expect(published).toHaveLength(1)
})

it('goes on looking until it is stopped', async () => {
  const running = watch()
  running.start()
  risks = ['role']
  await eventually(() => lines.length === 1)
  risks = []
  await eventually(() => lines.length === 2)

  running.stop()
  const before = published.length
  risks = ['role']
  expect(await running.look()).toBeNull()
  expect(published).toHaveLength(before)
})
