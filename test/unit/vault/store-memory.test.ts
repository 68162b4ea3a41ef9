import { describe, expect, it } from '@jest/globals'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { storeContract } from '../../support/store-contract.ts'
import { scanBehaviour } from '../../support/store-contract-scan.ts'

storeContract('memory', async () => {
  let now = 1_000_000
  return {
    store: createMemoryStore({ clock: () => now }),
    async advance(ms) {
      now += ms
    },
    async dispose() {},
  }
})

describe('a walk over memory', () => {
  let now = 1_000_000
  const store = createMemoryStore({ clock: () => now })

  scanBehaviour(() => ({
    store,
    service: store,
    async advance(ms) {
      now += ms
    },
  }))
})

const KEY = documentKey('cs_one')

it('keeps a document in the last millisecond of its time and not in the next', async () => {
  let now = 0
  const store = createMemoryStore({ clock: () => now })
  await store.compareAndSet(KEY, 0, 'text', 'write', { expiresInMs: 1000 })

  now = 999
  expect((await store.read(KEY)).document?.text).toBe('text')
  now = 1000
  expect((await store.read(KEY)).document).toBeNull()
})

it('tells the time of the clock it was given', async () => {
  const store = createMemoryStore({ clock: () => 1234 })

  expect((await store.read(KEY)).serverNow).toBe(1234)
  expect((await store.compareAndSet(KEY, 0, 'text', 'write')).serverNow).toBe(1234)
})

it('says that it keeps nothing', async () => {
  const facts = await createMemoryStore({ clock: () => 0 }).describe()

  expect(facts).toEqual({ kind: 'memory', warnings: ['nothing is kept after the process ends'] })
})
