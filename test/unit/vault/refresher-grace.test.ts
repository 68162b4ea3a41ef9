import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import type { Store } from '../../../src/vault/store.ts'
import { openRefreshToken } from '../../../src/vault/token-seal.ts'
import { eventually } from '../../support/eventually.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { failing, held, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, type World, type WorldOptions } from './support/world.ts'

let world: World
let faulty: ReturnType<typeof createFaultyStore>
let id: string

async function setUp(options: WorldOptions = {}): Promise<void> {
  const wrapStore = (store: Store) => {
    faulty = createFaultyStore(store)
    return faulty.store
  }
  world = createWorld({ ...options, wrapStore })
  id = await world.connect()
}

beforeEach(() => setUp())

async function snapshot(): Promise<Snapshot> {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

async function storedRefreshToken() {
  const { connection } = await snapshot()
  const dataKey = await world.envelope.open(id, connection.dataKey)
  return openRefreshToken(dataKey, consentBinding(connection))?.reveal()
}

const refreshState = async () => (await world.bindingOf(id)).refresh
const renew = async (replica = world.replica()) => replica.refresher.refresh(await snapshot())

describe('idle', () => {
  it('waits for a renewal whose caller has gone', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const { refresher } = world.replica()
    let isIdle = false
    const renewing = refresher.refresh(await snapshot())
    await arrived
    const idle = refresher.idle().then(() => {
      isIdle = true
    })
    await new Promise(setImmediate)
    expect(isIdle).toBe(false)

    release()
    await idle

    await renewing
    expect(await storedRefreshToken()).toBe('refresh-2')
  })
})

describe('within a grace period', () => {
  const policy = { rotation: 'rotate', graceMs: 600_000, reuseRevokes: true } as const
  const graceful = { known: { rotation: policy }, settings: { backoffMinMs: 1, backoffMaxMs: 1 } }

  /** Samsung repeats the answer whose first sending got lost. */
  async function lost() {
    await setUp({ rotation: 'none', ...graceful })
    world.samsung.refreshSteps.push(failing(tokenError('ambiguous'), 'after'))
    return world.replica()
  }

  it('an unknown outcome is recovered though nobody asks any more', async () => {
    const replica = await lost()
    expect(await codeOf(renew(replica))).toBe('refresh_outcome_unknown')
    world.advance(1)

    await eventually(async () => (await refreshState()).state === 'ok')

    expect(world.samsung.spent).toEqual(['refresh-1', 'refresh-1'])
    expect(world.events('recovery_begun')).toHaveLength(1)
    expect(replica.outcomes).toEqual(['ambiguous', 'recovered_after_uncertain'])
  })

  it('so is one that could be noted only later', async () => {
    const replica = await lost()
    faulty.failWrites(['unavailable', 'unavailable'], (text) => text.includes('"uncertain"'))
    expect(await codeOf(renew(replica))).toBe('store_unavailable')
    await replica.refresher.idle()
    world.advance(1)

    await eventually(async () => (await refreshState()).state === 'ok')
  })

  it('its attempt is waited for before the process ends', async () => {
    const replica = await lost()
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    await codeOf(renew(replica))
    world.advance(1)
    await arrived
    replica.refresher.stop()
    const idle = replica.refresher.idle()

    release()
    await idle

    expect(await refreshState()).toMatchObject({ state: 'ok' })
  })
})
