import { describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createConnections } from '../../../src/vault/connections.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { aConnection } from './support/records.ts'
import { codeOf } from './support/world.ts'

const DAY = 86_400_000
const ONE = aConnection()
const touch = (connection: typeof ONE) => ({ ...connection, updatedAt: connection.updatedAt + 1 })

function setUp() {
  let now = 1000
  const memory = createMemoryStore({ clock: () => now })
  const faulty = createFaultyStore(memory)
  const log = createLog('silent')
  const clock = () => now
  const connections = createConnections({ store: faulty.store, tombstoneMs: 30 * DAY, clock, log })
  const advance = (ms: number) => {
    now += ms
  }
  const text = async () => (await memory.read(documentKey(ONE.id))).document?.text
  return { connections, memory, advance, text, ...faulty }
}

it('gives back what was stored', async () => {
  const { connections } = setUp()
  expect(await connections.create(ONE)).toBe(true)

  expect(await connections.read(ONE.id)).toMatchObject({ connection: ONE, serverNow: 1000 })
})

it('calls a document that is no connection unreadable, not absent', async () => {
  const { connections, memory } = setUp()
  await memory.compareAndSet(documentKey(ONE.id), 0, '{"type":"connect_session"}', 'w')

  expect(await codeOf(connections.read(ONE.id))).toBe('record_unreadable')
  expect(await codeOf(connections.update(ONE.id, touch))).toBe('record_unreadable')
})

it('finds nothing to delete where there is nothing', async () => {
  expect(await setUp().connections.remove(ONE.id, tombstoneOf)).toBe(false)
})

it('neither creates nor deletes on too few replicas without saying so', async () => {
  const { connections, failWrites } = setUp()
  failWrites(Array(8).fill('not_durable'))

  expect(await codeOf(connections.create(ONE))).toBe('store_not_durable')
  expect(await codeOf(connections.remove(ONE.id, tombstoneOf))).toBe('store_not_durable')
})

it('acknowledges no delete that replicas do not have, however often it is asked for', async () => {
  const { connections, failWrites } = setUp()
  await connections.create(ONE)
  failWrites(Array(8).fill('not_durable'))

  for (const code of ['store_not_durable', 'store_not_durable', 'resolved'])
    expect(await codeOf(connections.remove(ONE.id, tombstoneOf))).toBe(code)
})

describe('a deleted connection', () => {
  async function deleted() {
    const world = setUp()
    await world.connections.create(ONE)
    expect(await world.connections.remove(ONE.id, tombstoneOf)).toBe(true)
    return world
  }

  it('is as good as absent', async () => {
    const { connections } = await deleted()

    expect(await connections.read(ONE.id)).toBeNull()
    expect(await connections.update(ONE.id, touch)).toBeNull()
    expect(await connections.remove(ONE.id, tombstoneOf)).toBe(false)
  })

  it('leaves no token, key or name behind', async () => {
    const { text } = await deleted()

    expect(await text()).not.toMatch(/v1\.|tenant-1|emm-eu/)
  })

  it('is not brought back by a late write or a second creation', async () => {
    const { connections, text } = await deleted()
    const before = await text()

    expect(await connections.create(ONE)).toBe(false)
    await connections.update(ONE.id, touch)

    expect(await text()).toBe(before)
  })

  it('has another version, so that no copy is believed any more', async () => {
    const { connections } = setUp()
    await connections.create(ONE)
    const before = await connections.version(ONE.id)

    await connections.remove(ONE.id, tombstoneOf)

    expect(await connections.version(ONE.id)).not.toBe(before)
  })

  it('is remembered for the time of a tombstone, and a connection for ever', async () => {
    const { connections, text, advance } = setUp()
    await connections.create(ONE)
    advance(4000 * DAY)
    expect(await connections.read(ONE.id)).not.toBeNull()

    await connections.remove(ONE.id, tombstoneOf)

    advance(30 * DAY - 1)
    expect(await text()).toBeDefined()
    advance(1)
    expect(await text()).toBeUndefined()
  })
})

it('deletes once, whoever of ten was first', async () => {
  const { connections } = setUp()
  await connections.create(ONE)

  const removed = await Promise.all(
    Array.from({ length: 10 }, () => connections.remove(ONE.id, tombstoneOf)),
  )

  expect(removed.filter(Boolean)).toHaveLength(1)
})

it('deletes what others keep writing to', async () => {
  const { connections } = setUp()
  await connections.create(ONE)

  const writing = Array.from({ length: 20 }, () => connections.update(ONE.id, touch))
  expect(await connections.remove(ONE.id, tombstoneOf)).toBe(true)

  await Promise.all(writing)
  expect(await connections.read(ONE.id)).toBeNull()
})

it('knows its own deletion again when the answer was lost', async () => {
  const { connections, failWrites } = setUp()
  await connections.create(ONE)
  failWrites(['applied_unanswered'])

  expect(await connections.remove(ONE.id, tombstoneOf)).toBe(true)
})
