import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ConnectionCounts } from '../../../src/admin/metrics.ts'
import { createSweep } from '../../../src/admin/sweep.ts'
import type { Alarm } from '../../../src/breaker/breaker.ts'
import { newConnectionId } from '../../../src/shared/ids.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { createRecordCheck, type RecordCheck } from '../../../src/vault/record-check.ts'
import { documentKey } from '../../../src/vault/store.ts'
import {
  createUnreadableConnections,
  type UnreadableConnections,
} from '../../../src/vault/unreadable.ts'
import { createFaultyStore } from '../vault/support/faulty-store.ts'
import { codeOf, createWorld, PORTAL, PROGRAM, type World } from '../vault/support/world.ts'

let world: World
let faulty: ReturnType<typeof createFaultyStore>
let published: ConnectionCounts[]
let unreadable: UnreadableConnections

beforeEach(() => {
  published = []
  world = createWorld({
    wrapStore: (store) => {
      faulty = createFaultyStore(store)
      return faulty.store
    },
  })
  unreadable = createUnreadableConnections(world.log, world.audit)
})

function checkWith(keys: readonly RingKey[]): RecordCheck['connection'] {
  const keyRing = createKeyRing(keys)
  const envelope = createEnvelope({ keyRing, cacheMs: 1, maxEntries: 1, clock: () => 0 })
  return createRecordCheck(envelope, keyRing.kids()).connection
}

const make = (
  alarm: (programId: string) => Alarm | null = () => null,
  check = checkWith(world.vaultKeys),
) =>
  createSweep({
    ...world,
    breaker: { alarm },
    check,
    unreadable,
    portals: [{ id: PORTAL }, { id: 'other' }],
    publish: (counts) => void published.push(counts),
  })

const counted = () =>
  Object.fromEntries(
    [...(published.at(-1) ?? [])].map(([program, counts]) => [program, Object.fromEntries(counts)]),
  )

const place = (tenantRef: string) => ({ portalId: PORTAL, programId: PROGRAM, tenantRef })

describe('a pass', () => {
  it('counts the connections of all portals by program and status', async () => {
    const ids = await Promise.all(
      Array.from({ length: 120 }, (_, i) => world.connect({ tenantRef: `tenant-${i}` })),
    )
    await world.connect({ portalId: 'other' })
    world.frozen.add(ids[0] ?? '')

    await make().run()

    expect(counted()).toEqual({ [PROGRAM]: { active: 120, frozen: 1 } })
  })

  it('counts the connections of a program that is held as degraded, and those of others as they are', async () => {
    const upstream = { service: 'samsung-account', code: 'AUT_1702' } as const
    await world.connect()
    await world.connect({ tenantRef: 'tenant-2', program: 'emm-us' })

    await make((programId) =>
      programId === PROGRAM ? { operation: 'refresh', upstream, since: world.clock() } : null,
    ).run()

    expect(counted()).toEqual({ [PROGRAM]: { degraded: 1 }, 'emm-us': { active: 1 } })
  })

  it('counts nothing where there is nothing', async () => {
    await make().run()

    expect(counted()).toEqual({})
    expect(published).toHaveLength(1)
  })

  it('puts lost hints back', async () => {
    const id = await world.connect()
    const key = await world.directory.find(place('tenant-1'))
    expect(key).toBe(id)
    await world.directory.remove(place('tenant-1'), id)
    await world.directory.add(PORTAL, id)

    await make().run()

    expect(await world.directory.find(place('tenant-1'))).toBe(id)
  })

  it.each([
    [10 * 60_000 - 1, 1],
    [10 * 60_000, 0],
  ])('takes a hint to nothing out when it is %d ms old: %d left', async (age, left) => {
    await world.directory.add(PORTAL, newConnectionId(world.clock()))
    world.advance(age)

    await make().run()

    expect(await world.directory.list(PORTAL, null, 10)).toHaveLength(left)
  })

  it('takes out what is deleted, and never anything that lives', async () => {
    const [gone, stays] = [await world.connect(), await world.connect({ tenantRef: 'tenant-2' })]
    await world.connections.remove(gone, tombstoneOf)
    world.advance(3_600_000)

    await make().run()

    expect(await world.directory.list(PORTAL, null, 10)).toEqual([stays])
  })

  it('is not stopped by a record that cannot be read, and leaves it where it is', async () => {
    const broken = await world.connect()
    world.advance(1)
    const fine = await world.connect({ tenantRef: 'tenant-2' })
    const { document } = await world.store.read(documentKey(broken))
    await world.store.compareAndSet(documentKey(broken), document?.revision ?? 0, 'broken', 'w')
    await world.directory.remove(place('tenant-2'), fine)
    await world.directory.add(PORTAL, fine)
    world.advance(3_600_000)

    await make().run()

    expect(counted()).toEqual({ [PROGRAM]: { active: 1 } })
    expect(await world.directory.find(place('tenant-2'))).toBe(fine)
    expect(await world.directory.list(PORTAL, null, 10)).toEqual([broken, fine])
    expect(world.events('record_unreadable')).toEqual([
      expect.objectContaining({ level: 'error', connectionId: broken }),
    ])
  })

  it('takes nothing out while the store is away, and publishes nothing', async () => {
    await world.connect()
    faulty.setDown(true)

    expect(await codeOf(make().run())).toBe('store_unavailable')

    faulty.setDown(false)
    expect(published).toEqual([])
    expect(await world.directory.list(PORTAL, null, 10)).toHaveLength(1)
  })

  it('that was stopped publishes nothing that it has not counted', async () => {
    await world.connect()
    const sweep = make()

    sweep.stop()
    await sweep.run()

    expect(published).toEqual([])
  })
})

describe('a connection that cannot be opened', () => {
  const other: RingKey = { kid: 'k2', key: new Secret(randomBytes(32).toString('base64')) }
  const noAlarm = () => null
  const named = () => world.events('record_unreadable').map(({ connectionId }) => connectionId)

  it('is named once, counted as long as it is so, left as it is, and heals with its key', async () => {
    const id = await world.connect()
    const before = await world.store.read(documentKey(id))

    await make(noAlarm, checkWith([other])).run()
    await make(noAlarm, checkWith([other])).run()

    expect([named(), unreadable.count()]).toEqual([[id], 1])
    expect(await world.store.read(documentKey(id))).toEqual(before)
    expect(await world.directory.list(PORTAL, null, 10)).toEqual([id])

    await make(noAlarm, checkWith([other, ...world.vaultKeys])).run()

    expect(unreadable.count()).toBe(0)
    expect(world.events('record_readable_again')).toEqual([
      expect.objectContaining({ level: 'info', connectionId: id }),
    ])
  })

  it('is found by any text in it that does not open', async () => {
    const id = await world.connect()
    await world.connections.update(id, (one) => {
      const binding = consentBinding(one)
      const { refreshToken = '' } = binding.tokenSet
      const tokenSet = { ...binding.tokenSet, accessToken: refreshToken }
      return { ...one, bindings: [{ ...binding, tokenSet }] }
    })

    await make().run()

    expect([named(), unreadable.count()]).toEqual([[id], 1])
  })

  it('does not count any longer when it is deleted', async () => {
    const id = await world.connect()
    await make(noAlarm, checkWith([other])).run()

    await world.connections.remove(id, tombstoneOf)
    await world.directory.removeFromList(PORTAL, id)
    await make(noAlarm, checkWith([other])).run()

    expect(unreadable.count()).toBe(0)
  })

  it('is not found where the key ring has no answer: the pass ends, and another begins', async () => {
    await world.connect()
    const away = () => Promise.reject(new Error('no answer'))

    await expect(make(noAlarm, away).run()).rejects.toThrow('no answer')

    expect([named(), unreadable.count()]).toEqual([[], 0])
  })
})
