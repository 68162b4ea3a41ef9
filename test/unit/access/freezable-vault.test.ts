import { beforeEach, describe, expect, it } from '@jest/globals'
import { createFreezableConnections } from '../../../src/access/freezable-vault.ts'
import { statusOf } from '../../../src/vault/status.ts'
import { held } from '../vault/support/samsung.ts'
import { codeOf, createWorld, PORTAL, PROGRAM, type World } from '../vault/support/world.ts'

let world: World
let id: string

beforeEach(async () => {
  world = createWorld()
  id = await world.connect()
})

describe.each([
  ['connection', () => id],
  ['portal', () => PORTAL],
  ['program', () => PROGRAM],
])('with its %s frozen, a connection', (_, what) => {
  it('hands out nothing, not even what is at hand, and makes nothing', async () => {
    const one = world.replica()
    await one.ask(id)
    expect(one.source.peek(PORTAL, id, 60_000)).not.toBeNull()
    const made = world.samsung.exchanged.length

    world.frozen.add(what())

    expect(one.source.peek(PORTAL, id, 60_000)).toBeNull()
    expect(await one.source.confirm(PORTAL, id, 60_000)).toBeNull()
    expect(await codeOf(one.ask(id))).toBe('connection_frozen')
    world.advance(3_600_000)
    expect(await codeOf(one.ask(id))).toBe('connection_frozen')
    expect(await codeOf(one.mint(id, { minTtlMs: 0, arrivedAt: world.clock() }))).toBe(
      'connection_frozen',
    )
    expect(world.samsung.exchanged).toHaveLength(made)
    expect(world.samsung.spent).toEqual([])
  })

  it('says so, and goes on as before when that is over', async () => {
    const one = world.replica()
    const before = await one.ask(id)
    const stored = await world.connections.read(id)
    world.frozen.add(what())

    const found = await world.connectionOf(id)
    expect(statusOf(found, world.clock())).toEqual({ status: 'frozen', reason: 'frozen' })
    world.frozen.clear()

    expect((await one.ask(id)).tokenId).toBe(before.tokenId)
    expect(await world.connections.read(id)).toEqual(stored)
  })
})

it('gives nothing to who began to wait before the freeze', async () => {
  const one = world.replica()
  const { step, arrived, release } = held()
  world.samsung.mintSteps.push(step)
  const waiting = Promise.all([codeOf(one.ask(id)), codeOf(one.ask(id))])
  await arrived
  world.frozen.add(PORTAL)
  release()

  expect(await waiting).toEqual(['connection_frozen', 'connection_frozen'])
})

it('is as absent for another portal as it was, and can be deleted', async () => {
  const { source } = world.replica()
  world.frozen.add(id)

  const request = { minTtlMs: 60_000, arrivedAt: world.clock() }
  expect(await codeOf(source.handOut('other', id, request))).toBe('not_found')
  const removed = await world.connections.remove(id, ({ portalId }, deletedAt) => ({
    format: 1,
    type: 'tombstone',
    id,
    portalId,
    deletedAt,
  }))
  expect(removed).toBe(true)
})

it('stores nothing of a freeze in the record, and renewals under way still commit', async () => {
  world.frozen.add(id)
  await world.connections.update(id, (connection) => ({ ...connection, tenantName: 'Fernhill' }))

  const raw = createFreezableConnections(world.connections, {
    ...world.freezes,
    find: () => null,
  })
  world.frozen.clear()
  expect(await raw.read(id)).toMatchObject({ connection: { tenantName: 'Fernhill' } })
  expect((await raw.read(id))?.connection).not.toHaveProperty('frozenAt')
})

it('reads no connection while it cannot be known what is frozen', async () => {
  const away = { ...world.freezes, freshen: () => Promise.reject(new TypeError('away')) }
  const connections = createFreezableConnections(world.connections, away)

  await expect(connections.read(id)).rejects.toThrow('away')
  // What is committed is the only copy: that goes on.
  expect(await connections.update(id, () => null)).not.toBeNull()
})
