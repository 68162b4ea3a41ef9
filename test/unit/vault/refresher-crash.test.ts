import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import type { Store } from '../../../src/vault/store.ts'
import { openRefreshToken } from '../../../src/vault/token-seal.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { failing, held, type Step, tokenError } from './support/samsung.ts'
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

const isIntent = (text: string) => text.includes('"state":"refreshing"')

/** A process that dies when its request is with Samsung: `before` or `after` Samsung acted. */
async function crash(when: 'before' | 'after'): Promise<void> {
  const { step, arrived } = held(when)
  world.samsung.refreshSteps.push(step)
  renew().catch(() => {})
  await arrived
}

describe('after a holder has vanished', () => {
  it('nobody spends the token before its lease is over', async () => {
    await crash('before')
    world.advance(world.settings.leaseMs - 1)
    const waiting = codeOf(renew())
    world.advance(0)
    expect(world.samsung.spent).toHaveLength(1)

    world.advance(1)
    expect(await waiting).toBe('resolved')

    expect(world.samsung.spent).toEqual(['refresh-1', 'refresh-1'])
  })

  it('before Samsung acted, the next one recovers', async () => {
    await crash('before')
    world.advance(world.settings.leaseMs)
    const next = world.replica()

    await renew(next)

    expect(next.outcomes).toEqual(['recovered_after_uncertain'])
    expect(await storedRefreshToken()).toBe('refresh-2')
  })

  it('with the only copy of the new token, the customer is asked, and it is said why', async () => {
    await crash('after')
    world.advance(world.settings.leaseMs)
    const next = world.replica()

    expect(await codeOf(renew(next))).toBe('consent_required')

    expect(next.outcomes).toEqual(['reauth_after_crash'])
    expect(await refreshState()).toMatchObject({ reason: 'refused_after_unknown_outcome' })
  })

  it('where Samsung does not rotate, nothing was lost', async () => {
    await setUp({ rotation: 'none' })
    await crash('after')
    world.advance(world.settings.leaseMs)

    await renew()

    expect(await refreshState()).toMatchObject({ state: 'ok', failures: 0 })
  })
})

describe('a slow holder whose lease was taken over', () => {
  it('brings the newest token after all when the other was refused', async () => {
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const slow = renew()
    await arrived
    world.advance(world.settings.leaseMs)
    expect(await codeOf(renew())).toBe('consent_required')

    release()
    await slow

    expect(await refreshState()).toMatchObject({ state: 'ok', failures: 0 })
    expect(await storedRefreshToken()).toBe('refresh-2')
  })

  it('is fenced off when the other has committed', async () => {
    await setUp({ rotation: 'none' })
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const slow = renew()
    await arrived
    world.advance(world.settings.leaseMs)
    await renew()
    const committed = await snapshot()

    release()

    expect((await slow).connection).toEqual(committed.connection)
    expect(await snapshot()).toEqual(committed)
    expect(world.events('refresh_fenced')).toHaveLength(1)
  })

  it('takes the other’s token when it is refused itself', async () => {
    const { step, arrived, release } = held('before')
    world.samsung.refreshSteps.push(step)
    const slow = renew()
    await arrived
    world.advance(world.settings.leaseMs)
    await renew()

    release()

    expect((await slow).connection.generation).toBe(2)
    expect(await refreshState()).toMatchObject({ state: 'ok' })
  })

  it('does not ask for consent while the other may still bring the token', async () => {
    const first = held('before')
    const second = held('after')
    world.samsung.refreshSteps.push(first.step, second.step)
    const slow = codeOf(renew())
    await first.arrived
    world.advance(world.settings.leaseMs)
    const other = renew()
    await second.arrived

    first.release()

    expect(await slow).toBe('refresh_in_progress')
    second.release()
    await other
    expect(await refreshState()).toMatchObject({ state: 'ok' })
  })
})

describe('when the intent cannot be written down', () => {
  it.each(['unavailable', 'unanswered'] as const)('(%s) the token stays here', async (fault) => {
    faulty.failWrites(Array(4).fill(fault), isIntent)

    expect(await codeOf(renew())).toBe('store_unavailable')

    expect(world.samsung.spent).toEqual([])
  })

  it('on enough replicas, the token stays here', async () => {
    faulty.failWrites(Array(4).fill('not_durable'), isIntent)

    expect(await codeOf(renew())).toBe('store_not_durable')
    expect(world.samsung.spent).toEqual([])
  })

  it.each([
    ['not_durable', 4],
    ['applied_unanswered', 4],
  ] as const)('for certain (%s), the next attempt is no recovery', async (fault, times) => {
    faulty.failWrites(Array(times).fill(fault), isIntent)
    await codeOf(renew())
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    world.advance(1000)

    await codeOf(renew())

    expect(world.samsung.spent).toHaveLength(1)
    expect(await refreshState()).toMatchObject({ reason: 'refused' })
  })
})

describe('what must survive the loss of a server', () => {
  /** State of the refresh in every write, and whether replicas were asked for. */
  async function writesOf(step: Step): Promise<readonly (readonly [string, boolean])[]> {
    const writes: (readonly [string, boolean])[] = []
    world = createWorld({
      wrapStore: (store) => ({
        ...store,
        compareAndSet(key, revision, text, writeId, options) {
          const state = /"state":"(\w+)"/.exec(text)?.[1] ?? ''
          writes.push([state, options?.durable === true])
          return store.compareAndSet(key, revision, text, writeId, options)
        },
      }),
    })
    id = await world.connect()
    writes.length = 0
    world.samsung.refreshSteps.push(step)
    await codeOf(renew())
    return writes
  }

  it.each([
    [
      'a renewal',
      {},
      [
        ['refreshing', true],
        ['ok', true],
      ],
    ],
    [
      'a refusal',
      failing(tokenError('customer')),
      [
        ['refreshing', true],
        ['consent_required', true],
      ],
    ],
    [
      'a failure',
      failing(tokenError('transient')),
      [
        ['refreshing', true],
        ['ok', false],
      ],
    ],
  ] as const)('of %s is asked to be on replicas', async (_, step, expected) => {
    expect(await writesOf(step)).toEqual(expected)
  })
})

it('notes a refusal that could not be written down as unknown', async () => {
  world.samsung.refreshSteps.push(failing(tokenError('ambiguous')))
  faulty.failWrites(['unavailable'], (text) => text.includes('"state":"uncertain"'))
  expect(await codeOf(renew())).toBe('store_unavailable')
  world.advance(world.settings.leaseMs)
  const next = world.replica()

  await renew(next)

  expect(next.outcomes).toEqual(['recovered_after_uncertain'])
})
