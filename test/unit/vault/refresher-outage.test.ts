import { beforeEach, describe, expect, it } from '@jest/globals'
import { FIRST_BINDING, reconnect, tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { openRefreshToken, sealTokens } from '../../../src/vault/token-seal.ts'
import { createFailoverStore } from './support/failover-store.ts'
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

const isCommit = (text: string) => text.includes('"generation":2,"dataKey"')

describe('when the store goes away during the commit', () => {
  it('the tokens are stored as soon as it is back', async () => {
    faulty.failWrites(['unavailable', 'unavailable', 'unavailable'], isCommit)
    const replica = world.replica()

    await renew(replica)

    expect(await storedRefreshToken()).toBe('refresh-2')
    expect(replica.outcomes).toEqual(['persist_retry', 'persist_retry', 'persist_retry', 'success'])
  })

  it('its own commit is known again whose answer was lost', async () => {
    faulty.failWrites(Array(4).fill('applied_unanswered'), isCommit)
    const replica = world.replica()

    const { connection } = await renew(replica)

    expect(connection.generation).toBe(2)
    expect((await snapshot()).connection.generation).toBe(2)
    expect(world.events('refresh_fenced')).toEqual([])
  })

  it('they are not called stored before replicas have them, however often they are found there', async () => {
    faulty.failWrites(Array(8).fill('not_durable'), isCommit)
    const replica = world.replica()

    await renew(replica)

    expect(replica.outcomes).toEqual(['persist_retry', 'persist_retry', 'success'])
    expect((await snapshot()).connection.generation).toBe(2)
  })

  describe('for longer than a caller waits', () => {
    async function heldTokens() {
      const { step, arrived, release } = held('after')
      world.samsung.refreshSteps.push(step)
      const replica = world.replica()
      const renewing = codeOf(renew(replica))
      await arrived
      faulty.setDown(true)
      release()
      while (!replica.outcomes.includes('persist_retry')) await new Promise(setImmediate)
      world.advance(500)
      expect(await renewing).toBe('store_unavailable')
      expect(replica.uncommitted.count()).toBe(1)
      return replica
    }

    it('the caller is told, and the tokens are stored as soon as it is back', async () => {
      const replica = await heldTokens()
      faulty.setDown(false)

      await replica.uncommitted.idle()

      expect(await storedRefreshToken()).toBe('refresh-2')
      expect(replica.outcomes.at(-1)).toBe('success')
      expect(replica.outcomes).not.toContain('persist_lost')
      expect(world.events('held_tokens_stored')).toHaveLength(1)
    })

    it('they are stored long after the lease, even over a recovery that was refused', async () => {
      const replica = await heldTokens()
      world.advance(world.settings.leaseMs)
      faulty.setDown(false)
      const recovering = codeOf(renew())

      await replica.uncommitted.idle()
      await recovering

      expect(await storedRefreshToken()).toBe('refresh-2')
      expect(await refreshState()).toMatchObject({ state: 'ok' })
    })

    it('the end of the process names what is lost, and the outcome is called unknown', async () => {
      const replica = await heldTokens()

      replica.uncommitted.abandon()
      await replica.uncommitted.idle()

      expect(replica.outcomes.at(-1)).toBe('persist_lost')
      expect(world.events('held_tokens_lost')).toHaveLength(1)
      faulty.setDown(false)
      world.advance(world.settings.leaseMs)
      expect(await codeOf(renew())).toBe('consent_required')
      expect(await refreshState()).toMatchObject({ reason: 'refused_after_unknown_outcome' })
    })

    it('nobody in the process that holds them spends the old token meanwhile', async () => {
      const replica = await heldTokens()
      world.advance(world.settings.leaseMs)
      faulty.setDown(false)

      expect(await codeOf(renew(replica))).toBe('store_unavailable')
      await replica.uncommitted.idle()

      expect((await renew(replica)).connection.generation).toBe(3)
      expect(world.samsung.spent).toEqual(['refresh-1', 'refresh-2'])
    })

    it('they are not stored over a new consent', async () => {
      const replica = await heldTokens()
      faulty.setDown(false)
      const [binding] = (await snapshot()).connection.bindings
      await world.connections.update(id, (connection) => ({ ...connection, generation: 2 }))

      await replica.uncommitted.idle()

      expect((await snapshot()).connection.bindings).toEqual([binding])
      expect(world.events('refresh_fenced')).toHaveLength(1)
      expect(replica.outcomes.at(-1)).toBe('fresh_by_peer')
    })

    it('they are dropped with a connection that was deleted meanwhile', async () => {
      const replica = await heldTokens()
      faulty.setDown(false)
      await world.connections.remove(id, tombstoneOf)

      await replica.uncommitted.idle()

      expect(world.events('held_tokens_dropped')).toHaveLength(1)
      expect(replica.outcomes).not.toContain('persist_lost')
    })
  })

  it('tokens that nothing can store are counted as lost, and not held for ever', async () => {
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const replica = world.replica()
    const renewing = codeOf(renew(replica))
    await arrived
    const { document } = await world.store.read(documentKey(id))
    await world.store.compareAndSet(documentKey(id), document?.revision ?? 0, '{}', 'w')

    release()
    expect(await renewing).toBe('record_unreadable')
    await replica.uncommitted.idle()

    expect(replica.outcomes.at(-1)).toBe('persist_lost')
    expect(world.events('held_tokens_lost')).toHaveLength(1)
  })
})

describe('when the end of an attempt cannot be noted', () => {
  const isEnd = (text: string) => /"state":"(uncertain|consent_required)"/.test(text)

  it.each([
    ['ambiguous', 'ambiguous'],
    ['customer', 'reauth_correct'],
  ] as const)('after %s, it is told and counted all the same, once', async (kind, outcome) => {
    world.samsung.refreshSteps.push(failing(tokenError(kind)))
    faulty.failWrites(Array(4).fill('unavailable'), isEnd)
    const replica = world.replica()

    expect(await codeOf(renew(replica))).toBe('store_unavailable')
    await replica.refresher.idle()

    expect(replica.outcomes).toEqual([outcome])
    expect(world.events('refresh_ended')).toHaveLength(1)
    expect(world.events('refresh_refused')).toMatchObject([
      { outcome: kind, upstreamCode: 'AUT_1' },
    ])
  })

  it('it is noted behind the caller’s back, and that is waited for', async () => {
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    faulty.failWrites(Array(3).fill('unavailable'), isEnd)
    const replica = world.replica()
    await codeOf(renew(replica))

    await replica.refresher.idle()

    expect(await refreshState()).toMatchObject({ state: 'consent_required', reason: 'refused' })
  })
})

describe('when a failover undoes what was committed', () => {
  async function setUpFailover() {
    let failover: ReturnType<typeof createFailoverStore> | undefined
    const clock = () => world.clock()
    world = createWorld({
      wrapStore: () => {
        failover = createFailoverStore(clock)
        return failover.store
      },
    })
    id = await world.connect()
    if (failover === undefined) throw new Error('no store')
    return failover
  }

  it('the process that made the commit puts it right', async () => {
    const { failOver, written } = await setUpFailover()
    const replica = world.replica()
    const before = written()
    await renew(replica)
    await failOver(before)
    expect(await storedRefreshToken()).toBe('refresh-1')

    await replica.connections.reassert()

    expect(await storedRefreshToken()).toBe('refresh-2')
    expect(await refreshState()).toMatchObject({ state: 'ok', failures: 0 })
    expect(world.events('write_reasserted')).toMatchObject([{ connectionId: id }])
  })

  it('only what stands now is spent, though what was seen before had the same generation', async () => {
    const { failOver, written } = await setUpFailover()
    const before = written()
    const { connection } = await snapshot()
    const dataKey = await world.envelope.open(id, connection.dataKey)
    const tokens = sealTokens(dataKey, FIRST_BINDING, 2, world.samsung.consent())
    await world.connections.update(id, (current, now) =>
      reconnect(current, { tokens, attempt: 'undone' }, now),
    )
    const seen = await snapshot()
    await failOver(before)
    await renew()

    await world.replica().refresher.refresh(seen)

    expect(world.samsung.spent).toEqual(['refresh-1', 'refresh-3'])
  })

  it('tokens that were still on their way stand, though the record is further back', async () => {
    const { failOver, written } = await setUpFailover()
    const before = written()
    await renew()
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const replica = world.replica()
    const renewing = renew(replica)
    await arrived

    await failOver(before)
    release()

    expect((await renewing).connection.generation).toBe(3)
    expect(await storedRefreshToken()).toBe('refresh-3')
    expect(replica.outcomes).toEqual(['success'])
  })
})
