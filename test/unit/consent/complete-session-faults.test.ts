import { beforeEach, describe, expect, it } from '@jest/globals'
import { createCompleteSession } from '../../../src/consent/complete-session.ts'
import { createStoreConsent } from '../../../src/consent/store-consent.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { createUnderWay } from '../../../src/shared/under-way.ts'
import { eventually } from '../../support/eventually.ts'
import { failing, held, tokenError } from '../vault/support/samsung.ts'
import { codeOf } from '../vault/support/world.ts'
import { type ConsentWorld, createConsentWorld, portal } from './support/world.ts'

let world: ConsentWorld

beforeEach(() => {
  world = createConsentWorld()
})

/** A customer who is back, and the portal's call that completes. */
async function consented(wish: Parameters<ConsentWorld['consent']>[0] = {}, code = 'ada') {
  const { id, resultCode, verifier } = await world.consent(wish, code)
  const proof = { resultCode, codeVerifier: verifier }
  const complete = (own = world.service()) => own.complete(portal, id, proof)
  return { id, proof, complete }
}

describe('a crash in the exchange', () => {
  async function crashed(when: 'before' | 'after') {
    const session = await consented()
    const { step, arrived } = held(when)
    world.samsung.codeSteps.push(step)
    session.complete().catch(() => {})
    await arrived
    return session
  }

  it('is not noticed before the lease is over', async () => {
    const { complete } = await crashed('before')
    world.advance(world.settings.leaseMs - 1)

    expect(await codeOf(complete())).toBe('completion_in_progress')
  })

  it.each(['before', 'after'] as const)(
    '(%s Samsung acted) ends the session: the code is never sent twice',
    async (when) => {
      const { complete } = await crashed(when)
      world.advance(world.settings.leaseMs)

      expect(await codeOf(complete())).toBe('session_ended')
      expect(world.samsung.codes).toHaveLength(1)
    },
  )

  it('leaves the customer’s place free a minute later', async () => {
    await crashed('before')
    world.advance(60_000)

    expect(await codeOf(world.connect())).toBe('resolved')
  })

  it('after the connection was stored is healed by the next call', async () => {
    const { id, complete } = await consented()
    const isNoted = (text: string) => text.includes('"phase":"completed"')
    world.faulty.failWrites(['unavailable'], isNoted)
    expect(await codeOf(complete())).toBe('store_unavailable')

    const { connection } = await complete()

    expect(connection.generation).toBe(1)
    expect(world.samsung.codes).toHaveLength(1)
    expect(await world.session(id)).toMatchObject({ phase: 'completed' })
    expect(await world.session(id)).not.toHaveProperty('failure')
  })

  it('after the connection was stored does not call the session failed', async () => {
    const { id, complete } = await consented()
    world.faulty.failWrites(['unavailable'], (text) => text.includes('"phase":"completed"'))
    await codeOf(complete())

    expect((await world.session(id))?.phase).not.toBe('failed')
  })
})

const isFailed = (text: string) => text.includes('"phase":"failed"')
const isPutBack = (text: string) => text.includes('"phase":"awaiting_completion"')

describe('a store that fails', () => {
  it('before the code was sent leaves the session as it was', async () => {
    const { id, complete } = await consented()
    world.faulty.failReferences(1)

    expect(await codeOf(complete())).toBe('store_unavailable')

    expect(world.samsung.codes).toEqual([])
    expect((await world.session(id))?.phase).toBe('awaiting_completion')
    expect(await codeOf(complete())).toBe('resolved')
  })

  it('when the tokens are there is waited for', async () => {
    const { complete } = await consented()
    const isConnection = (text: string) => text.includes('"type":"connection"')
    world.faulty.failWrites(['unavailable', 'applied_unanswered', 'unavailable'], isConnection)

    expect((await complete()).connection.generation).toBe(1)
  })

  describe('when the tokens are there, for longer than anybody waits,', () => {
    async function stranded(session: Awaited<ReturnType<typeof consented>>) {
      const service = world.service()
      const { step, arrived, release } = held('after')
      world.samsung.codeSteps.push(step)
      const told = codeOf(session.complete(service))
      await arrived
      world.faulty.setDown(true)
      release()
      await eventually(() => {
        world.advance(world.settings.commitBudgetMs)
        return service.uncommitted.count() === 1
      })
      expect(await told).toBe('store_unavailable')
      return service
    }

    it('holds them, stores them afterwards, and gives them to the next call', async () => {
      const session = await consented()
      const service = await stranded(session)

      world.faulty.setDown(false)
      await service.uncommitted.idle()

      const { connection } = await session.complete()
      expect(connection.generation).toBe(1)
      expect(world.samsung.codes).toHaveLength(1)
      expect(await world.session(session.id)).toMatchObject({ phase: 'completed' })
    })

    it('does so for a customer who reconnects', async () => {
      const { connection } = await world.connect()
      const session = await consented({ connectionId: connection.id })
      const service = await stranded(session)

      world.faulty.setDown(false)
      await service.uncommitted.idle()

      expect((await session.complete()).connection).toMatchObject({
        id: connection.id,
        generation: 2,
      })
    })
  })

  it.each([
    ['unavailable', 1],
    ['unanswered', 4],
    ['applied_unanswered', 4],
    ['not_durable', 4],
  ] as const)(
    '(%s) when the exchange begins leaves the code where it was',
    async (fault, times) => {
      const { complete } = await consented()
      const isExchanging = (text: string) => text.includes('"phase":"exchanging"')
      world.faulty.failWrites(Array(times).fill(fault), isExchanging)
      expect(await codeOf(complete())).toMatch(/^store_/)
      expect(world.samsung.codes).toEqual([])

      expect(await codeOf(complete())).toBe('resolved')
      expect(world.samsung.codes).toHaveLength(1)
    },
  )

  it('when the session is to be ended does not hide why it ended, and learns of it later', async () => {
    const { id, complete } = await consented()
    world.samsung.codeSteps.push(failing(tokenError('customer')))
    world.faulty.failWrites(Array(3).fill('unavailable'), isFailed)

    expect(await codeOf(complete())).toBe('code_expired')

    await eventually(async () => (await world.session(id))?.phase === 'failed')
    expect(await codeOf(complete())).toBe('session_ended')
  })

  it('until the lease is over leaves the end of the session to its times', async () => {
    const { id, complete } = await consented()
    world.samsung.codeSteps.push(failing(tokenError('customer')))
    const faults = Array(10_000).fill('unavailable')
    world.faulty.failWrites(faults, isFailed)
    expect(await codeOf(complete())).toBe('code_expired')
    expect(await codeOf(complete())).toBe('completion_in_progress')

    world.advance(world.settings.leaseMs)

    await eventually(() => world.events('completion_not_settled').length === 1)
    expect((await world.session(id))?.phase).toBe('exchanging')
    expect(await codeOf(complete())).toBe('session_ended')
  })

  it('before the code was sent puts it back once the store is there again', async () => {
    const { id, complete } = await consented()
    world.faulty.failReferences(1)
    world.faulty.failWrites(Array(3).fill('unavailable'), isPutBack)

    expect(await codeOf(complete())).toBe('store_unavailable')

    await eventually(async () => (await world.session(id))?.phase === 'awaiting_completion')
    expect(await codeOf(complete())).toBe('resolved')
    expect(world.samsung.codes).toHaveLength(1)
  })
})

it('keeps the code of a program that the operator has not configured', async () => {
  const { id, proof, complete } = await consented()
  const { connections, directory, envelope, settings, audit, clock, log } = world
  const { uncommitted } = world.service()
  const kept = { connections, directory, envelope, uncommitted }
  const shared = { ...kept, settings, audit, clock, log }
  const without = createCompleteSession({
    ...shared,
    sessions: world.sessions,
    clientOf: () => {
      throw new ServiceError('program_not_configured')
    },
    storeConsent: createStoreConsent({ ...shared, kindOf: () => 'samsung-account' }),
    underWay: createUnderWay(),
    freezes: world.freezes,
  })

  expect(await codeOf(without(portal, id, proof))).toBe('program_not_configured')

  expect(await codeOf(complete())).toBe('resolved')
})
