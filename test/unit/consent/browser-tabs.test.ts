import { beforeEach, describe, expect, it } from '@jest/globals'
import type { BrowserStep } from '../../../src/consent/browser-flow.ts'
import type { CallbackResult } from '../../../src/samsung-account/callback.ts'
import { PROGRAM } from '../vault/support/world.ts'
import { type ConsentWorld, createConsentWorld, LIFETIME_MS } from './support/world.ts'

let world: ConsentWorld

beforeEach(() => {
  world = createConsentWorld()
})

/** The page's cause, or where the browser was sent. */
const endOf = (step: BrowserStep | { readonly kind: 'confirm' }): string =>
  step.kind === 'page' ? step.cause : step.kind

const denied = (state: string): CallbackResult => ({
  kind: 'denied',
  state,
  error: 'access_denied',
})

describe('two tabs of one browser', () => {
  it('may both be at Samsung, and the first to come back wins', async () => {
    const { id } = await world.begin()
    const one = await world.start(id)
    const two = await world.start(id, one.cookie)
    expect(two.cookie).toBe(one.cookie)
    expect(two.state).not.toBe(one.state)

    expect(endOf(await world.back(world.codeResult(one.state), one.cookie))).toBe('portal')

    expect(endOf(await world.back(world.codeResult(two.state), two.cookie))).toBe('used')
  })

  it('beyond the fourth close the oldest', async () => {
    const { id } = await world.begin()
    const tabs = [await world.start(id)]
    const cookie = tabs[0]?.cookie
    for (let i = 0; i < 4; i++) tabs.push(await world.start(id, cookie))
    const ends = []
    for (const { state } of tabs.slice(0, 2))
      ends.push(endOf(await world.back(world.codeResult(state), cookie)))

    expect(ends).toEqual(['unknown_state', 'portal'])
  })
})

describe('a posted callback is waited for', () => {
  const invalid = (state: string): CallbackResult => ({ kind: 'invalid', rule: 'a rule', state })

  it('by the session that its state names, while that is under way', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)
    expect(await world.flow.awaits(world.codeResult(state))).toBe(true)
    expect(await world.flow.awaits(denied(state))).toBe(true)
    expect(await world.flow.awaits(invalid(state))).toBe(false)

    await world.back(world.codeResult(state), cookie)

    expect(await world.flow.awaits(world.codeResult(state))).toBe(false)
  })

  it('by no session that is over, and by none that there is not', async () => {
    const { id } = await world.begin()
    const { state } = await world.start(id)
    world.advance(LIFETIME_MS)

    for (const one of [state, `cs_${'0'.repeat(32)}.${'a'.repeat(22)}`, 'x', ''])
      expect(await world.flow.awaits(world.codeResult(one))).toBe(false)
  })
})

it('logs every step by its name, and no word that could be used', async () => {
  const { state, cookie, resultCode, id } = await world.consent({}, 'canary-code')
  await world.back(world.codeResult(state), cookie)

  const events = ['connect_session_created', 'consent_started', 'consent_given', 'browser_refused']
  for (const event of events) expect(world.events(event)).toHaveLength(1)
  const log = JSON.stringify(events.map(world.events))
  for (const word of [state, cookie, resultCode, id, 'canary-code', 'tenant-1'])
    expect(log).not.toContain(word)
  expect(world.events('consent_given')[0]).toMatchObject({ programId: PROGRAM })
})
