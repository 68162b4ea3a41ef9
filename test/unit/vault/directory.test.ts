import { beforeEach, describe, expect, it } from '@jest/globals'
import { newConnectionId } from '../../../src/shared/ids.ts'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { newProgramConnection } from '../../../src/vault/program-connection.ts'
import { createWorld, PORTAL, PROGRAM, type World } from './support/world.ts'

const PLACE = { portalId: PORTAL, programId: PROGRAM, tenantRef: 'tenant-1' }

let world: World

beforeEach(() => {
  world = createWorld()
})

const newId = () => newConnectionId(world.clock())
const claim = (id = newId(), place = PLACE) => world.directory.claim(place, id)

describe('find', () => {
  it('finds the customer’s connection', async () => {
    const id = await world.connect()

    expect(await world.directory.find(PLACE)).toBe(id)
  })

  it.each([
    ['customer', { ...PLACE, tenantRef: 'tenant-2' }],
    ['program', { ...PLACE, programId: 'emm-us' }],
    ['portal', { ...PLACE, portalId: 'other' }],
  ])('finds nothing of another %s', async (_, place) => {
    await world.connect()

    expect(await world.directory.find(place)).toBeNull()
  })

  it('finds nothing where only a claim stands, or what was deleted', async () => {
    await claim()
    expect(await world.directory.find(PLACE)).toBeNull()

    const id = await world.connect({ tenantRef: 'tenant-2' })
    await world.connections.remove(id, tombstoneOf)

    expect(await world.directory.find({ ...PLACE, tenantRef: 'tenant-2' })).toBeNull()
  })

  it('does not believe a hint that leads to somebody else’s connection', async () => {
    const foreign = await world.connect({ portalId: 'other' })
    await world.directory.claim(PLACE, foreign)

    expect(await world.directory.find(PLACE)).toBeNull()
  })
})

describe('claim', () => {
  it('is won by one of 20 who come at the same time, and the others learn by whom', async () => {
    const ids = Array.from({ length: 20 }, newId)

    const others = await Promise.all(ids.map((id) => claim(id)))

    const winner = ids[others.indexOf(null)]
    expect(others.filter((other) => other === null)).toHaveLength(1)
    expect(new Set(others.filter((other) => other !== null))).toEqual(new Set([winner]))
  })

  it('can be made again by the one who has it', async () => {
    const id = newId()
    await claim(id)

    expect(await claim(id)).toBeNull()
  })

  it('of a connection that lives never ends', async () => {
    const id = await world.connect()
    world.advance(1e9)

    expect(await claim()).toBe(id)
  })

  it.each([
    [59_999, false],
    [60_000, true],
  ])('without a connection is after %d ms free: %j', async (age, isFree) => {
    const id = newId()
    await claim(id)
    world.advance(age)

    expect(await claim()).toBe(isFree ? null : id)
  })

  it('keeps no word of the portal’s in the name of a key', async () => {
    const keys: string[] = []
    const spied = createWorld({
      wrapStore: (store) => ({
        ...store,
        readReference: (key) => {
          keys.push(key)
          return store.readReference(key)
        },
      }),
    })

    await spied.directory.find({ ...PLACE, tenantRef: 'Müller & Söhne' })

    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatch(/^kg:\{acme\}:ref:emm-eu:[\w-]{43}$/)
  })
})

describe('remove', () => {
  it('takes a connection out of the list and frees its place', async () => {
    const id = await world.connect()
    await world.connections.remove(id, tombstoneOf)

    await world.directory.remove(PLACE, id)

    expect(await world.directory.list(PORTAL, null, 10)).toEqual([])
    expect(await claim()).toBeNull()
  })

  it('leaves the place to whoever has it by now', async () => {
    const id = await world.connect()

    await world.directory.remove(PLACE, newId())

    expect(await world.directory.find(PLACE)).toBe(id)
  })
})

describe('repair', () => {
  it('puts lost hints back', async () => {
    const id = await world.connect()
    await world.directory.remove(PLACE, id)
    expect(await world.directory.find(PLACE)).toBeNull()

    await world.directory.repair(await world.connectionOf(id))

    expect(await world.directory.find(PLACE)).toBe(id)
    expect(await world.directory.list(PORTAL, null, 10)).toEqual([id])
  })

  it('holds no place for a connection that was deleted meanwhile', async () => {
    const id = await world.connect()
    const connection = await world.connectionOf(id)
    await world.connections.remove(id, tombstoneOf)
    await world.directory.remove(PLACE, id)
    world.advance(60_000)

    await world.directory.repair(connection)

    expect(await claim()).toBeNull()
  })

  it('does not take a place that another connection has', async () => {
    const id = await world.connect()
    const second = await world.connect()

    await world.directory.repair(await world.connectionOf(second))

    expect(await world.directory.find(PLACE)).toBe(id)
  })
})

describe('a managed customer', () => {
  const TENANT = { portalId: PORTAL, programId: 'msp-eu', tenantRef: 't', managedTenantId: '4712' }

  async function connect(place = TENANT) {
    const id = newId()
    const { wrapped } = await world.envelope.create(id)
    const { programId: program, ...about } = place
    await world.connections.create(
      newProgramConnection({ id, program, kind: 'knox-msp', dataKey: wrapped, ...about }, 0),
    )
    return id
  }

  const claimTenant = (changes = {}) =>
    world.directory.claimTenant({ ...TENANT, ...changes }, newId())

  it('belongs to one connection, whichever portal comes', async () => {
    const id = await connect()
    await world.directory.claimTenant(TENANT, id)
    world.advance(60_000)

    expect(await claimTenant()).toBe(id)
    expect(await claimTenant({ portalId: 'other', tenantRef: 'u' })).toBe(id)
    expect(await claimTenant({ programId: 'msp-us' })).toBeNull()
    expect(await claimTenant({ managedTenantId: '4713' })).toBeNull()
  })

  it('is free a minute after a claim of which no connection came', async () => {
    const first = newId()
    await world.directory.claimTenant(TENANT, first)

    world.advance(59_999)
    expect(await claimTenant()).toBe(first)
    world.advance(1)
    expect(await claimTenant()).toBeNull()
  })

  it('is free when its connection is gone', async () => {
    const id = await connect()
    await world.directory.claimTenant(TENANT, id)

    await world.directory.remove(TENANT, id)

    expect(await claimTenant({ portalId: 'other' })).toBeNull()
  })

  it('has its hint put back', async () => {
    const id = await connect()

    await world.directory.repair(await world.connectionOf(id))

    expect(await claimTenant({ portalId: 'other' })).toBe(id)
  })

  it('is nothing that a program with consent has', async () => {
    expect(await world.directory.claimTenant(PLACE, newId())).toBeNull()
    expect(await world.directory.claimTenant(PLACE, newId())).toBeNull()
  })
})

it('lists a portal’s ids in order of creation, page by page', async () => {
  const made: string[] = []
  for (let i = 0; i < 7; i++) {
    world.advance(1)
    made.push(await world.connect({ tenantRef: `tenant-${i}` }))
  }
  await world.connect({ portalId: 'other' })

  const first = await world.directory.list(PORTAL, null, 4)
  const second = await world.directory.list(PORTAL, first.at(-1) ?? null, 4)

  expect([...first, ...second]).toEqual(made)
})
