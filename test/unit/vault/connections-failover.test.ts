import { describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { restoreCommitted } from '../../../src/vault/commit-transitions.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createConnections } from '../../../src/vault/connections.ts'
import type { Connection } from '../../../src/vault/record.ts'
import { createFailoverStore } from './support/failover-store.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { aConnection, T0 } from './support/records.ts'
import { codeOf } from './support/world.ts'

const DAY = 86_400_000
const MINUTE = 60_000
const OTHER_ID = 'conn_11111111111111111111111111111111'
const ONE = aConnection()

/** The connection with its token set of a generation. */
const at = (generation: number): Connection =>
  aConnection({
    connection: { generation },
    tokenSet: { generation, committedBy: `attempt-${generation}` },
  })

function setUp() {
  let now = T0
  const clock = () => now
  const failover = createFailoverStore(clock)
  const faulty = createFaultyStore(failover.store)
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const make = () => createConnections({ store: faulty.store, tombstoneMs: 30 * DAY, clock, log })
  const connections = make()
  const advance = (ms: number) => {
    now += ms
  }

  /** A commit as the process that made it remembers it. */
  async function commit(generation: number, by = connections): Promise<void> {
    await by.update(ONE.id, () => at(generation), { durable: true })
    by.remember(ONE.id, restoreCommitted(at(generation)))
  }

  return {
    connections,
    other: make(),
    commit,
    advance,
    generation: async () => (await connections.read(ONE.id))?.connection.generation,
    events: () => lines.map((line) => JSON.parse(line).event),
    ...failover,
    ...faulty,
    store: failover.store,
  }
}

describe('a commit that a failover has undone', () => {
  it.each([
    ['one write', 2],
    ['two writes', 1],
  ])('is there again after %s were lost', async (_, kept) => {
    const { connections, commit, failOver, generation, events } = setUp()
    await connections.create(ONE)
    await commit(2)
    await commit(3)
    await failOver(kept)
    expect(await generation()).toBe(kept)

    await connections.reassert()

    expect(await generation()).toBe(3)
    expect(events()).toEqual(['write_reasserted'])
  })

  it.each([
    ['first', 'last'],
    ['last', 'first'],
  ])('is the newest of several processes: the older writes %s', async (_, order) => {
    const { connections, other, commit, failOver, generation } = setUp()
    await connections.create(ONE)
    await commit(2, connections)
    await commit(3, other)
    await failOver(1)

    const both = order === 'last' ? [connections, other] : [other, connections]
    for (const one of both) await one.reassert()

    expect(await generation()).toBe(3)
  })

  it('stays undone when somebody has renewed since', async () => {
    const { connections, other, commit, failOver, events } = setUp()
    await connections.create(ONE)
    await commit(2)
    await failOver(1)
    const renewed = { ...at(2), tenantName: 'renewed' }
    await other.update(ONE.id, () => renewed)

    await connections.reassert()

    expect((await connections.read(ONE.id))?.connection).toEqual(renewed)
    expect(events()).toEqual([])
  })

  it('is written without waiting for replicas: after a failover there may be none', async () => {
    const { connections, commit, failOver, failWrites, sent } = setUp()
    await connections.create(ONE)
    await commit(2)
    await failOver(1)
    failWrites(Array(99).fill('not_durable'))
    sent.length = 0

    await connections.reassert()

    expect(sent).toHaveLength(1)
  })

  it('is written when the store is back that went away meanwhile', async () => {
    const { connections, commit, failOver, failWrites, generation } = setUp()
    await connections.create(ONE)
    await commit(2)
    await failOver(1)
    failWrites(['unavailable'])

    await connections.reassert()

    expect(await generation()).toBe(2)
  })

  it.each([
    [10 * MINUTE - 1, 2],
    [10 * MINUTE, 1],
  ])('%d ms ago leaves the record at generation %d', async (ms, expected) => {
    const { connections, commit, failOver, generation, advance } = setUp()
    await connections.create(ONE)
    await commit(2)
    advance(ms)
    await failOver(1)

    await connections.reassert()

    expect(await generation()).toBe(expected)
  })

  it('does not bring back a record that is gone', async () => {
    const { connections, commit, failOver, store, events } = setUp()
    await connections.create(ONE)
    await commit(2)
    await failOver(0)

    await connections.reassert()

    expect((await store.read(`kg:{${ONE.id}}`)).document).toBeNull()
    expect(events()).toEqual([])
  })

  it('does not bring back a connection that another process has deleted', async () => {
    const { connections, other, commit, failOver, generation, events } = setUp()
    await connections.create(ONE)
    await commit(2)
    await failOver(1)
    await other.remove(ONE.id, tombstoneOf)

    await connections.reassert()

    expect(await generation()).toBeUndefined()
    expect(events()).toEqual([])
  })
})

describe('a delete that a failover has undone', () => {
  it('is made again, for the full time of a tombstone', async () => {
    const { connections, failOver, generation, advance, store } = setUp()
    await connections.create(ONE)
    await connections.remove(ONE.id, tombstoneOf)
    await failOver(1)
    expect(await generation()).toBe(1)
    advance(MINUTE)

    await connections.reassert()

    expect(await generation()).toBeUndefined()
    advance(30 * DAY - 1)
    expect(await store.version(`kg:{${ONE.id}}`)).not.toBeNull()
    advance(1)
    expect(await store.version(`kg:{${ONE.id}}`)).toBeNull()
  })

  it('wins over a commit that was remembered before it', async () => {
    const { connections, commit, failOver, generation } = setUp()
    await connections.create(ONE)
    await commit(2)
    await connections.remove(ONE.id, tombstoneOf)
    await failOver(2)

    await connections.reassert()

    expect(await generation()).toBeUndefined()
  })

  it('wins over a commit made where it had been undone', async () => {
    const { connections, commit, failOver, generation } = setUp()
    await connections.create(ONE)
    await connections.remove(ONE.id, tombstoneOf)
    await failOver(1)
    await commit(2)

    await connections.reassert()

    expect(await generation()).toBeUndefined()
  })

  it('wins over a commit that another process remembers', async () => {
    const { connections, other, commit, failOver, generation } = setUp()
    await connections.create(ONE)
    await commit(2, other)
    await connections.remove(ONE.id, tombstoneOf)
    await failOver(1)

    await other.reassert()
    await connections.reassert()
    await other.reassert()

    expect(await generation()).toBeUndefined()
  })

  it('leaves alone what was not there to be deleted', async () => {
    const { connections } = setUp()
    const late = { ...ONE, id: OTHER_ID } as const
    await connections.remove(late.id, tombstoneOf)
    await connections.create(late)

    await connections.reassert()

    expect((await connections.read(late.id))?.connection).toEqual(late)
  })

  it('is not made again that was not acknowledged', async () => {
    const { connections, failOver, failWrites, generation } = setUp()
    await connections.create(ONE)
    failWrites(Array(4).fill('not_durable'))
    expect(await codeOf(connections.remove(ONE.id, tombstoneOf))).toBe('store_not_durable')
    await failOver(1)

    await connections.reassert()

    expect(await generation()).toBe(1)
  })
})
