import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { failing, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, PORTAL, type World, type WorldOptions } from './support/world.ts'

let world: World
let id: string

async function setUp(options: WorldOptions = {}): Promise<void> {
  world = createWorld(options)
  id = await world.connect()
}

beforeEach(() => setUp())

describe('the copy in front of the store', () => {
  it.each([
    ['deleted', 'not_found'],
    ['frozen', 'connection_frozen'],
    ['refused by Samsung', 'consent_required'],
  ])(
    'does not outlive by a second a connection that another process has %s',
    async (what, code) => {
      const replica = world.replica()
      await replica.ask(id)
      if (what === 'deleted') await world.connections.remove(id, tombstoneOf)
      else if (what === 'frozen') world.frozen.add(id)
      else {
        world.samsung.refreshSteps.push(failing(tokenError('customer')))
        const found = await world.connections.read(id)
        if (found !== null) await codeOf(world.replica().refresher.refresh(found))
      }

      world.advance(1000)

      expect(replica.source.peek(PORTAL, id, 60_000)).toBeNull()
      expect(await replica.source.confirm(PORTAL, id, 60_000)).toBeNull()
      expect(await codeOf(replica.ask(id))).toBe(code)
    },
  )

  it('is believed from the moment the store was asked, not from that of its answer', async () => {
    let slow: (() => void) | undefined
    await setUp({
      wrapStore: (store) => ({
        ...store,
        async version(key) {
          const version = await store.version(key)
          slow?.()
          return version
        },
      }),
    })
    const replica = world.replica()
    await replica.ask(id)
    world.advance(1000)
    slow = () => world.advance(900)

    await replica.source.confirm(PORTAL, id, 60_000)
    slow = undefined
    world.advance(99)
    expect(replica.source.peek(PORTAL, id, 60_000)).not.toBeNull()
    world.advance(1)
    expect(replica.source.peek(PORTAL, id, 60_000)).toBeNull()
  })

  it('serves while nothing has changed without reading the record', async () => {
    let reads = 0
    await setUp({
      wrapStore: (store) => ({
        ...store,
        read(key) {
          reads += 1
          return store.read(key)
        },
      }),
    })
    const replica = world.replica()
    await replica.ask(id)
    reads = 0

    for (let i = 0; i < 100; i++) {
      await replica.ask(id)
      world.advance(500)
    }

    expect(reads).toBe(0)
  })

  it('is gone at once where it is forgotten', async () => {
    const replica = world.replica()
    await replica.ask(id)

    replica.source.forget(id)

    expect(replica.source.peek(PORTAL, id, 0)).toBeNull()
  })

  it('never hides that the store is away for more than a second', async () => {
    let faulty: ReturnType<typeof createFaultyStore> | undefined
    await setUp({
      wrapStore: (store) => {
        faulty = createFaultyStore(store)
        return faulty.store
      },
    })
    const replica = world.replica()
    await replica.ask(id)
    faulty?.setDown(true)
    world.advance(1000)

    expect(await codeOf(replica.ask(id))).toBe('store_unavailable')
  })
})
