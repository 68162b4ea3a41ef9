import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { failing, tokenError } from '../vault/support/samsung.ts'
import { codeOf, PORTAL, PROGRAM } from '../vault/support/world.ts'
import {
  COMPLETE_WITHIN_MS,
  type ConsentWorld,
  createConsentWorld,
  portal,
} from './support/world.ts'

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

describe('completing', () => {
  it('spends the code and makes a connection of what came for it', async () => {
    const { complete } = await consented({ tenantName: 'ACME Inc.' })

    const { connection } = await complete()

    expect(world.samsung.codes).toEqual(['ada'])
    expect(connection).toMatchObject({
      portalId: PORTAL,
      tenantRef: 'tenant-1',
      tenantName: 'ACME Inc.',
      generation: 1,
    })
    expect(consentBinding(connection)).toMatchObject({
      program: PROGRAM,
      kind: 'samsung-account',
      account: { id: 'ada' },
      refresh: { state: 'ok' },
    })
    expect(JSON.stringify(connection)).not.toMatch(/access-1|refresh-1|ada@example/)
  })

  it('makes no Knox token', async () => {
    await (await consented()).complete()

    expect(world.samsung.exchanged).toEqual([])
  })

  it('makes a connection that is found, listed and gives tokens', async () => {
    const { connection } = await (await consented()).complete()

    const place = { portalId: PORTAL, programId: PROGRAM, tenantRef: 'tenant-1' }
    expect(await world.directory.find(place)).toBe(connection.id)
    expect(await world.directory.list(PORTAL, null, 10)).toEqual([connection.id])
    expect((await world.replica().ask(connection.id)).headerName).toBe('x-knox-apitoken')
  })

  it('again with the same proof gives the same connection, as often as wanted', async () => {
    const { id, complete } = await consented()
    const first = await complete()

    const again = await Promise.all([complete(), complete(), complete()])

    expect(again.map(({ connection }) => connection.id)).toEqual(Array(3).fill(first.connection.id))
    expect(world.samsung.codes).toHaveLength(1)
    expect((await world.session(id))?.phase).toBe('completed')
  })

  it('by 20 calls at once spends the code once', async () => {
    const { complete } = await consented()

    const results = await Promise.all(Array.from({ length: 20 }, () => codeOf(complete())))

    expect(world.samsung.codes).toHaveLength(1)
    expect(results.filter((code) => code === 'resolved').length).toBeGreaterThanOrEqual(1)
    for (const code of results) expect(['resolved', 'completion_in_progress']).toContain(code)
  })

  it('waits for the customer', async () => {
    const { id, verifier } = await world.begin()
    const proof = { resultCode: 'r'.repeat(43), codeVerifier: verifier }

    expect(await codeOf(world.complete(portal, id, proof))).toBe('session_not_ready')
  })

  it('is not for another portal, nor for a session that there is not', async () => {
    const { id, proof } = await consented()
    const other = { ...portal, id: 'other' }

    expect(await codeOf(world.complete(other, id, proof))).toBe('not_found')
    expect(await codeOf(world.complete(portal, `cs_${'0'.repeat(32)}`, proof))).toBe('not_found')
    expect(world.samsung.codes).toEqual([])
  })

  it('with a wrong proof is refused, and possible with the right one afterwards', async () => {
    const { id, proof, complete } = await consented()
    const wrong = [
      { ...proof, resultCode: 'x'.repeat(43) },
      { ...proof, codeVerifier: 'x'.repeat(43) },
    ]
    for (const one of wrong)
      expect(await codeOf(world.complete(portal, id, one))).toBe('invalid_request')
    expect(world.samsung.codes).toEqual([])

    expect(await codeOf(complete())).toBe('resolved')
  })

  it('with a wrong proof is refused also after it was completed', async () => {
    const { id, proof, complete } = await consented()
    await complete()

    const wrong = { ...proof, codeVerifier: 'x'.repeat(43) }
    expect(await codeOf(world.complete(portal, id, wrong))).toBe('invalid_request')
  })

  it.each([
    [COMPLETE_WITHIN_MS - 1, 'resolved'],
    [COMPLETE_WITHIN_MS, 'code_expired'],
  ])('%d ms after the customer was back: %s', async (age, expected) => {
    const { complete } = await consented()
    world.advance(age)

    expect(await codeOf(complete())).toBe(expected)
  })

  it('says that a connection was deleted, instead of making another', async () => {
    const { complete } = await consented()
    const { connection } = await complete()
    await world.connections.remove(connection.id, tombstoneOf)

    expect(await codeOf(complete())).toBe('session_ended')
    expect(world.samsung.codes).toHaveLength(1)
  })
})

describe('when Samsung does not give tokens', () => {
  it.each([
    ['customer', 'code_expired', 'failed'],
    ['operator', 'upstream_refused_client', 'awaiting_completion'],
    ['ambiguous', 'session_ended', 'failed'],
    ['not_sent', 'upstream_unreachable', 'awaiting_completion'],
    ['transient', 'upstream_rate_limited', 'awaiting_completion'],
  ] as const)('for %s it is told as %s, and the session is %s', async (kind, code, phase) => {
    const { id, complete } = await consented()
    world.samsung.codeSteps.push(failing(tokenError(kind, 'rate_limited')))

    expect(await codeOf(complete())).toBe(code)

    expect((await world.session(id))?.phase).toBe(phase)
    expect(await world.directory.list(PORTAL, null, 10)).toEqual([])
  })

  it.each(['not_sent', 'transient', 'operator'] as const)(
    'and has not touched the code (%s), the same call succeeds later',
    async (kind) => {
      const { complete } = await consented()
      world.samsung.codeSteps.push(failing(tokenError(kind)))
      await codeOf(complete())

      expect(await codeOf(complete())).toBe('resolved')
      expect(world.samsung.codes).toEqual(['ada', 'ada'])
    },
  )

  it.each(['customer', 'ambiguous'] as const)(
    'for certain (%s), the code is never sent again, and the customer can start anew',
    async (kind) => {
      const { complete } = await consented()
      world.samsung.codeSteps.push(failing(tokenError(kind)))
      await codeOf(complete())

      expect(await codeOf(complete())).toBe('session_ended')
      expect(world.samsung.codes).toEqual(['ada'])
      expect(await codeOf(world.connect())).toBe('resolved')
    },
  )
})

describe('two sessions of one customer', () => {
  it('make one connection: the later one is told of it', async () => {
    const first = await consented()
    const second = await consented()
    const { connection } = await first.complete()

    const error = await second.complete().catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({
      code: 'connection_exists',
      extras: { connectionId: connection.id },
    })
    expect(world.samsung.codes).toHaveLength(1)
  })

  it('completed at the same moment make one connection', async () => {
    const sessions = await Promise.all([consented(), consented()])

    const results = await Promise.all(sessions.map(({ complete }) => codeOf(complete())))

    expect(results.sort()).toEqual(['connection_exists', 'resolved'])
    expect(await world.directory.list(PORTAL, null, 10)).toHaveLength(1)
  })

  it('leave nothing behind that keeps a third one out when both have failed', async () => {
    const { complete } = await consented()
    world.samsung.codeSteps.push(failing(tokenError('ambiguous')))
    await codeOf(complete())

    expect(await codeOf(world.connect())).toBe('resolved')
  })
})
