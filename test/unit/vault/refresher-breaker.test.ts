import { beforeEach, describe, expect, it } from '@jest/globals'
import { type Breaker, ProgramHeldError } from '../../../src/breaker/breaker.ts'
import { ServiceError, type UpstreamDetail } from '../../../src/shared/errors.ts'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { createRefresher } from '../../../src/vault/refresher.ts'
import { UNKNOWN_ROTATION } from '../../../src/vault/rotation.ts'
import { createUncommitted } from '../../../src/vault/uncommitted.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { createFaultyStore } from './support/faulty-store.ts'
import { failing, held, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, PROGRAM, type World } from './support/world.ts'

const REFUSAL: UpstreamDetail = { service: 'samsung-account', status: 400, code: 'AUT_1' }

let world: World
let faulty: ReturnType<typeof createFaultyStore>
let id: string
/** What the breaker was told and asked, in order, and the state of the record at that moment. */
let calls: (readonly unknown[])[]
let isHeld: boolean

beforeEach(async () => {
  calls = []
  isHeld = false
  const told =
    (name: string) =>
    async (...args: readonly unknown[]) => {
      const found = await world.bindingOf(id).catch(() => null)
      calls.push([name, ...args, found?.refresh.state ?? 'unknown'])
    }
  const breaker: Breaker = {
    async admit(...args) {
      await told('admit')(...args)
      if (isHeld) throw new ProgramHeldError(REFUSAL, 7)
    },
    refused: told('refused'),
    accepted: told('accepted'),
    alarm: () => null,
  }
  world = createWorld({
    known: { breaker },
    wrapStore: (store) => {
      faulty = createFaultyStore(store)
      return faulty.store
    },
  })
  id = await world.connect()
})

async function snapshot(): Promise<Snapshot> {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

const names = () => calls.map(([name]) => name)

describe('while a program is held', () => {
  it('nothing is written, sent or counted, and the caller hears Samsung’s words', async () => {
    isHeld = true
    const before = await snapshot()
    const { refresher, outcomes } = world.replica()

    await expect(refresher.refresh(before)).rejects.toMatchObject({
      code: 'upstream_refused_client',
      extras: { upstream: REFUSAL, retryAfterSeconds: 7 },
    })

    expect(await snapshot()).toEqual(before)
    expect(world.samsung.spent).toEqual([])
    expect(outcomes).toEqual([])
    expect(calls).toEqual([['admit', PROGRAM, 'refresh', id, 'ok']])
  })

  it('a consent that ends without a refresh token ends all the same', async () => {
    isHeld = true
    id = await world.connect({ tenantRef: 'tenant-2', renewable: false })
    world.advance(3_600_000)

    expect(await codeOf(world.replica().refresher.refresh(await snapshot()))).toBe(
      'consent_required',
    )
    expect(calls).toEqual([])
  })

  it('who waited for another is asked to wait on, and takes nothing over', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const renewing = world.replica().refresher.refresh(await snapshot())
    await arrived
    const waiting = codeOf(world.replica().refresher.refresh(await snapshot()))
    while (names().length < 2) await new Promise(setImmediate)
    isHeld = true

    world.advance(world.settings.leaseMs)

    expect(await waiting).toBe('upstream_refused_client')
    expect(world.samsung.spent).toHaveLength(1)
    release()
    await renewing
  })
})

describe('what the breaker is told', () => {
  const told = () => calls.filter(([name]) => name !== 'admit')

  it('is that tokens came, once they are stored', async () => {
    await world.replica().refresher.refresh(await snapshot())

    expect(told()).toEqual([['accepted', PROGRAM, 'refresh', id, 'ok']])
  })

  it('is that tokens came, also when they cannot be stored yet', async () => {
    const { step, arrived, release } = held('after')
    world.samsung.refreshSteps.push(step)
    const replica = world.replica()
    const renewing = codeOf(replica.refresher.refresh(await snapshot()))
    await arrived
    faulty.setDown(true)
    release()
    while (!replica.outcomes.includes('persist_retry')) await new Promise(setImmediate)
    world.advance(500)

    expect(await renewing).toBe('store_unavailable')

    expect(told()).toEqual([['accepted', PROGRAM, 'refresh', id, 'unknown']])
  })

  it('is Samsung’s refusal of our own credentials', async () => {
    world.samsung.refreshSteps.push(failing(tokenError('operator')))

    await codeOf(world.replica().refresher.refresh(await snapshot()))

    expect(told()).toMatchObject([['refused', PROGRAM, 'refresh', id, REFUSAL, 'refreshing']])
  })

  it('is that a customer was refused, which is an answer to accepted credentials', async () => {
    world.samsung.refreshSteps.push(failing(tokenError('customer')))

    await codeOf(world.replica().refresher.refresh(await snapshot()))

    expect(told()).toEqual([['accepted', PROGRAM, 'refresh', id, 'refreshing']])
  })

  it.each(['not_sent', 'transient', 'ambiguous'] as const)(
    'is nothing after %s, which says nothing of our credentials',
    async (kind) => {
      world.samsung.refreshSteps.push(failing(tokenError(kind)))

      await codeOf(world.replica().refresher.refresh(await snapshot()))

      expect(told()).toEqual([])
    },
  )

  it('is nothing when another process has renewed meanwhile', async () => {
    const old = await snapshot()
    await world.replica().refresher.refresh(old)
    calls.length = 0

    await world.replica().refresher.refresh(old)

    expect(names()).toEqual(['admit'])
  })
})

it('a program that is not configured leaves no intent behind', async () => {
  const before = await snapshot()
  const { connections, envelope, settings, clock, log } = world
  const refresher = createRefresher({
    connections,
    envelope,
    clientOf: () => {
      throw new ServiceError('program_not_configured')
    },
    rotationOf: () => UNKNOWN_ROTATION,
    breaker: { admit: async () => {}, refused: async () => {}, accepted: async () => {} },
    uncommitted: createUncommitted({ settings, clock, log }),
    audit: NO_AUDIT,
    settings,
    clock,
    log,
    metrics: { refresh: () => {}, mint: () => {} },
  })

  expect(await codeOf(refresher.refresh(before))).toBe('program_not_configured')
  expect(await snapshot()).toEqual(before)
})
