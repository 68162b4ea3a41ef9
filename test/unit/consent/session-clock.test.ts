import { beforeEach, describe, expect, it } from '@jest/globals'
import type { ConnectSessionId } from '../../../src/shared/ids.ts'
import { held } from '../vault/support/samsung.ts'
import { codeOf } from '../vault/support/world.ts'
import {
  COMPLETE_WITHIN_MS,
  type ConsentWorld,
  createConsentWorld,
  LIFETIME_MS,
  portal,
  RETURN_URL,
  verifierPair,
} from './support/world.ts'

const HOUR = 3_600_000

let world: ConsentWorld

beforeEach(() => {
  world = createConsentWorld()
})

describe.each([HOUR, -HOUR])('a process whose clock is off by %d ms', (aheadMs) => {
  /** Everything is done by that process. */
  function skewed() {
    const { create, flow, complete } = world.service(aheadMs)
    const { verifier, challenge } = verifierPair()
    const begin = () =>
      create(portal, {
        program: 'emm-eu',
        tenantRef: 'tenant-1',
        returnUrl: RETURN_URL,
        codeChallenge: challenge,
        allowAccountChange: false,
      })

    async function comeBack(id: ConnectSessionId, codeLivesSeconds?: number) {
      const step = await flow.start(id, undefined)
      if (step.kind !== 'samsung') throw new Error(`not on the way: ${JSON.stringify(step)}`)
      const state = new URL(step.url).searchParams.get('state') ?? ''
      const result = world.codeResult(state, 'ada', codeLivesSeconds)
      const back = await flow.callback('emm-eu', result, () => step.cookie)
      if (back.kind !== 'portal') throw new Error(`not back: ${JSON.stringify(back)}`)
      const resultCode = new URL(back.url).searchParams.get('result_code') ?? ''
      return () => complete(portal, id, { resultCode, codeVerifier: verifier })
    }

    return { begin, flow, comeBack }
  }

  it('begins sessions that live their ten minutes and no longer', async () => {
    const { begin, flow } = skewed()
    const { id, createdAt, expiresAt } = await begin()
    expect([createdAt, expiresAt]).toEqual([world.clock(), world.clock() + LIFETIME_MS])

    world.advance(LIFETIME_MS - 1)
    expect((await flow.view(id)).kind).toBe('confirm')
    world.advance(1)
    expect(await flow.view(id)).toMatchObject({ kind: 'page', cause: 'expired' })
    expect(await flow.start(id, undefined)).toMatchObject({ kind: 'page', cause: 'expired' })
  })

  it('lets a portal complete as long as it may and no longer', async () => {
    const { begin, comeBack } = skewed()
    const { id } = await begin()
    const complete = await comeBack(id)
    expect((await world.session(id))?.completeBy).toBe(world.clock() + COMPLETE_WITHIN_MS)

    world.advance(COMPLETE_WITHIN_MS)
    expect(await codeOf(complete())).toBe('code_expired')
    world.advance(-1)
    expect(await codeOf(complete())).toBe('resolved')
  })

  it('holds a code no longer than Samsung says that it lives', async () => {
    const { begin, comeBack } = skewed()
    const { id } = await begin()
    const complete = await comeBack(id, 60)

    world.advance(50_000)
    expect(await codeOf(complete())).toBe('code_expired')
  })

  it('gives up an exchange that has crashed when its lease is over', async () => {
    const { begin, comeBack } = skewed()
    const { id } = await begin()
    const complete = await comeBack(id)
    const { step, arrived } = held()
    world.samsung.codeSteps.push(step)
    complete().catch(() => {})
    await arrived

    expect((await world.session(id))?.until).toBe(world.clock() + world.settings.leaseMs)
    expect(await codeOf(complete())).toBe('completion_in_progress')
    world.advance(world.settings.leaseMs)
    expect(await codeOf(complete())).toBe('session_ended')
  })
})
