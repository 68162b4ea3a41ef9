import { beforeEach, describe, expect, it } from '@jest/globals'
import { reconnect, tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { openAccessToken, openRefreshToken, sealTokens } from '../../../src/vault/token-seal.ts'
import { held } from './support/samsung.ts'
import { codeOf, createWorld, type World } from './support/world.ts'

let world: World
let id: string

beforeEach(async () => {
  world = createWorld()
  id = await world.connect()
})

async function snapshot(): Promise<Snapshot> {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

/** The tokens in the record, opened. */
async function tokens() {
  const { connection } = await snapshot()
  const dataKey = await world.envelope.open(id, connection.dataKey)
  const binding = consentBinding(connection)
  return [
    openAccessToken(dataKey, binding).reveal(),
    openRefreshToken(dataKey, binding)?.reveal(),
  ] as const
}

const refreshState = async () => (await world.bindingOf(id)).refresh

describe('a renewal beside other changes', () => {
  /** A new consent, as if completed meanwhile. */
  async function reconnectNow(renewable: boolean): Promise<void> {
    const { refreshToken, ...bare } = world.samsung.consent()
    await world.connections.update(id, (connection, now) => {
      const received = renewable && refreshToken ? { ...bare, refreshToken } : bare
      const made = { tokens: sealed(received), attempt: 'consent-2' }
      return reconnect(connection, made, now)
    })
    function sealed(received: typeof bare) {
      return sealTokens(dataKey, 'b1', 2, received)
    }
  }
  let dataKey: Awaited<ReturnType<typeof world.envelope.open>>

  beforeEach(async () => {
    dataKey = await world.envelope.open(id, (await snapshot()).connection.dataKey)
  })

  it.each([true, false])('does not touch a new consent (renewable: %j)', async (renewable) => {
    const old = await snapshot()
    await reconnectNow(renewable)

    const seen = await world.replica().refresher.refresh(old)

    expect(seen.connection.generation).toBe(2)
    expect(await refreshState()).toMatchObject({ state: 'ok' })
    expect(world.samsung.spent).toEqual([])
  })

  it('does not end a new consent that came while the old one was found to be over', async () => {
    id = await world.connect({ tenantRef: 'tenant-2', renewable: false })
    dataKey = await world.envelope.open(id, (await snapshot()).connection.dataKey)
    const old = await snapshot()
    await reconnectNow(true)

    const seen = await world.replica().refresher.refresh(old)

    expect(seen.connection.generation).toBe(2)
    expect(await refreshState()).toMatchObject({ state: 'ok' })
  })

  it.each([true, false])(
    'a waiter takes the new consent that ends its wait (renewable: %j)',
    async (renewable) => {
      const { step, arrived, release } = held()
      world.samsung.refreshSteps.push(step)
      const holder = codeOf(world.replica().refresher.refresh(await snapshot()))
      await arrived
      const waiter = world.replica().refresher.refresh(await snapshot())

      await reconnectNow(renewable)

      expect((await waiter).connection.generation).toBe(2)
      release()
      await holder
      expect(await refreshState()).toMatchObject({ state: 'ok' })
      expect((await tokens())[0]).toBe('access-2')
    },
  )

  it('does not bring a deleted connection back', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const { refresher, outcomes } = world.replica()
    const renewing = codeOf(refresher.refresh(await snapshot()))
    await arrived

    await world.connections.remove(id, tombstoneOf)
    release()

    expect(await renewing).toBe('not_found')
    expect(await world.connections.read(id)).toBeNull()
    expect(outcomes).not.toContain('persist_lost')
  })
})
