import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { limitStoreTime } from '../../../src/shared/store-time.ts'
import { documentKey, type Store, type WriteResult } from '../../../src/vault/store.ts'
import { createBudgetedStore } from '../../../src/vault/store-budget.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { storeContract } from '../../support/store-contract.ts'
import { codeOf } from './support/world.ts'

const KEY = documentKey('cs_one')
const LIMIT_MS = 20

storeContract('a store on the account of requests', async () => {
  let now = 1_000_000
  return {
    store: createBudgetedStore(createMemoryStore({ clock: () => now })),
    async advance(ms) {
      now += ms
    },
    async dispose() {},
  }
})

/** A store of which nothing is heard, and whether anything was sent to it. */
function silentStore() {
  const seen = { calls: 0 }
  const silence = () => {
    seen.calls += 1
    return new Promise<never>(() => {})
  }
  const store: Store = {
    ...createMemoryStore({ clock: () => 0 }),
    read: silence,
    version: silence,
    compareAndSet: silence,
    addToIndex: silence,
    removeFromIndex: silence,
    listIndex: silence,
    readReference: silence,
    setReference: silence,
  }
  return { store: createBudgetedStore(store), seen }
}

const CALLS: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['read', (store) => store.read(KEY)],
  ['version', (store) => store.version(KEY)],
  ['addToIndex', (store) => store.addToIndex('acme', 'conn_1')],
  ['removeFromIndex', (store) => store.removeFromIndex('acme', 'conn_1')],
  ['listIndex', (store) => store.listIndex('acme', null, 10)],
  ['readReference', (store) => store.readReference('reference')],
  ['setReference', (store) => store.setReference('reference', null, 'value')],
]

const write = (store: Store) => store.compareAndSet(KEY, 0, 'text', 'write')

describe('in a request, when nothing is heard of the store', () => {
  it.each(CALLS)('%s ends with store_unavailable and when to come back', async (_, ask) => {
    const { store } = silentStore()

    const error = await limitStoreTime(LIMIT_MS, () => ask(store)).catch((thrown) => thrown)

    expect(error).toBeInstanceOf(ServiceError)
    expect(error).toMatchObject({ code: 'store_unavailable', extras: { retryAfterSeconds: 1 } })
  })

  it('a write that is under way ends as one of which nothing is known', async () => {
    const { store } = silentStore()

    const written = await limitStoreTime(LIMIT_MS, () => write(store))

    expect(written).toEqual({ outcome: 'ambiguous', durable: false })
  })

  it.each([...CALLS, ['compareAndSet', write] as const])(
    'and the time is up, %s is refused and not sent',
    async (_, ask) => {
      const { store, seen } = silentStore()

      const codes = await limitStoreTime(LIMIT_MS, async () => {
        const first = await codeOf(store.read(KEY))
        return [first, await codeOf(ask(store))]
      })

      expect(codes).toEqual(['store_unavailable', 'store_unavailable'])
      expect(seen.calls).toBe(1)
    },
  )
})

it('tells of another primary outside of the request in which that is noticed', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const memory = createMemoryStore({ clock: () => 0 })
  const listeners: (() => void)[] = []
  const store = createBudgetedStore({
    ...memory,
    read: (key) => promise.then(() => memory.read(key)),
    onPrimaryChange: (listener) => void listeners.push(listener),
  })
  const rewritten: Promise<unknown>[] = []
  store.onPrimaryChange(() => void rewritten.push(codeOf(store.read(KEY))))

  await limitStoreTime(LIMIT_MS, async () => {
    for (const tell of listeners) tell()
    expect(await codeOf(store.read(KEY))).toBe('store_unavailable')
  })
  resolve()

  expect(await Promise.all(rewritten)).toEqual(['resolved'])
})

describe('a pause after a write counts as waiting for the store', () => {
  const written = (result: Partial<WriteResult>, durable: boolean) => async () => {
    const memory = createMemoryStore({ clock: () => 0 })
    const store = createBudgetedStore({
      ...memory,
      compareAndSet: async () => ({ outcome: 'won', durable: false, serverNow: 0, ...result }),
    })
    return limitStoreTime(LIMIT_MS, async () => {
      await store.compareAndSet(KEY, 0, 'text', 'write', { durable })
      await new Promise((resolve) => setTimeout(resolve, LIMIT_MS + 5))
      return (await codeOf(store.read(KEY))) === 'store_unavailable'
    })
  }

  it.each([
    ['when it was not asked to be durable', { outcome: 'won' }, false, false],
    ['when it was asked to be durable, and is', { outcome: 'won', durable: true }, true, false],
    [
      'when it is durable since an earlier sending',
      { outcome: 'already', durable: true },
      true,
      false,
    ],
    ['when it was lost', { outcome: 'lost' }, true, false],
    ['when it was asked to be durable and is not', { outcome: 'won' }, true, true],
    ['when its outcome is not known', { outcome: 'ambiguous' }, false, true],
  ] as const)('%s: %j', async (_, result, durable, counts) => {
    expect(await written(result, durable)()).toBe(counts)
  })
})
