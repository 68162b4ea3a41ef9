import { beforeEach, describe, expect, it } from '@jest/globals'
import type { BrowserStep } from '../../../src/consent/browser-flow.ts'
import type { CallbackResult } from '../../../src/samsung-account/callback.ts'
import {
  COMPLETE_WITHIN_MS,
  type ConsentWorld,
  createConsentWorld,
  LIFETIME_MS,
  portal,
  RETURN_URL,
} from './support/world.ts'

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

describe('the page behind the link', () => {
  it('binds and consumes nothing, however often it is looked at', async () => {
    const { id } = await world.begin()
    const before = await world.session(id)

    for (let i = 0; i < 5; i++) expect(endOf(await world.flow.view(id))).toBe('confirm')

    expect(await world.session(id)).toEqual(before)
  })

  it.each([
    [LIFETIME_MS - 1, 'confirm'],
    [LIFETIME_MS, 'expired'],
  ])('%d ms after it was made: %s', async (age, end) => {
    const { id } = await world.begin()
    world.advance(age)

    expect(endOf(await world.flow.view(id))).toBe(end)
  })

  it('of a session that there is not is not found', async () => {
    expect(endOf(await world.flow.view(`cs_${'0'.repeat(32)}`))).toBe('not_found')
    expect(endOf(await world.flow.start(`cs_${'0'.repeat(32)}`, undefined))).toBe('not_found')
  })
})

describe('continue', () => {
  it('leads to Samsung with a state and a cookie, of which the store keeps hashes only', async () => {
    const { id } = await world.begin()

    const { state, cookie } = await world.start(id)

    expect(state).toMatch(new RegExp(`^${id}\\.[\\w-]{22}$`))
    expect(cookie).toMatch(/^[\w-]{43}$/)
    const stored = JSON.stringify(await world.session(id))
    expect(stored).not.toContain(cookie)
    expect(stored).not.toContain(state.slice(id.length + 1))
  })

  it('asks Samsung for the language that the portal named', async () => {
    const urlOf = async (locale: { readonly locale?: string }) => {
      const step = await world.flow.start((await world.begin(locale)).id, undefined)
      return step.kind === 'samsung' ? new URL(step.url).searchParams.get('locale') : step
    }

    expect(await urlOf({ locale: 'de-CH' })).toBe('de-CH')
    expect(await urlOf({})).toBe('')
  })

  it('never keeps a cookie that the browser brought along', async () => {
    const { id } = await world.begin()

    const { cookie, state } = await world.start(id, 'planted')

    expect(cookie).not.toBe('planted')
    expect(endOf(await world.back(world.codeResult(state), 'planted'))).toBe('wrong_browser')
    expect(endOf(await world.back(world.codeResult(state), cookie))).toBe('portal')
  })

  it('belongs to the browser that was first', async () => {
    const { id } = await world.begin()
    await world.start(id)

    expect(endOf(await world.flow.start(id, undefined))).toBe('wrong_browser')
    expect(endOf(await world.flow.start(id, 'other'))).toBe('wrong_browser')
    expect(endOf(await world.flow.cancel(id, 'other'))).toBe('wrong_browser')
  })

  it('of ten browsers at once lets one through', async () => {
    const { id } = await world.begin()

    const steps = await Promise.all(
      Array.from({ length: 10 }, () => world.flow.start(id, undefined)),
    )

    expect(steps.map(endOf).sort()).toEqual(['samsung', ...Array(9).fill('wrong_browser')])
  })
})

describe('cancel', () => {
  it('goes back to the portal and ends the session', async () => {
    const { id } = await world.begin()

    const step = await world.flow.cancel(id, undefined)

    expect(step).toMatchObject({
      kind: 'portal',
      url: `${RETURN_URL}&connect_session=${id}&error=access_denied`,
    })
    expect(endOf(await world.flow.view(id))).toBe('denied')
    expect((await world.session(id))?.phase).toBe('denied')
  })
})

describe('the way back', () => {
  it('ends at the portal with a one-time code, and Samsung’s code stays here, sealed', async () => {
    const { url, resultCode, id } = await world.consent({}, 'canary-code')

    expect(url).toBe(`${RETURN_URL}&connect_session=${id}&result_code=${resultCode}`)
    expect(resultCode).toMatch(/^[\w-]{43}$/)
    const session = await world.session(id)
    expect(session).toMatchObject({
      phase: 'awaiting_completion',
      completeBy: world.clock() + COMPLETE_WITHIN_MS,
      states: [],
    })
    expect(JSON.stringify(session)).not.toContain('canary-code')
    expect(JSON.stringify(session)).not.toContain(resultCode)
    expect(world.samsung.codes).toEqual([])
  })

  it('is possible once', async () => {
    const { state, cookie, resultCode, id, verifier } = await world.consent()

    const again = await world.back(world.codeResult(state, 'other-code'), cookie)

    expect(endOf(again)).toBe('used')
    const proof = { resultCode, codeVerifier: verifier }
    await world.complete(portal, id, proof)
    expect(world.samsung.codes).toEqual(['ada'])
  })

  it('is possible once also for ten at the same moment', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)

    const steps = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        world.back(world.codeResult(state, `code-${i}`), cookie),
      ),
    )

    expect(steps.map(endOf).sort()).toEqual(['portal', ...Array(9).fill('used')])
  })

  it.each([
    ['another browser', 'other'],
    ['a browser without a cookie', undefined],
  ])('is refused to %s, and stays open to the right one', async (_, cookie) => {
    const { id } = await world.begin()
    const started = await world.start(id)
    const result = world.codeResult(started.state)

    expect(endOf(await world.back(result, cookie))).toBe('wrong_browser')
    expect(endOf(await world.back(denied(started.state), cookie))).toBe('wrong_browser')

    expect(endOf(await world.back(result, started.cookie))).toBe('portal')
  })

  it.each([
    [LIFETIME_MS - 1, 'portal'],
    [LIFETIME_MS, 'expired'],
  ])('%d ms after the session was made: %s', async (age, end) => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)
    world.advance(age)

    expect(endOf(await world.back(world.codeResult(state), cookie))).toBe(end)
  })

  it('to the address of another program is refused', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)

    expect(endOf(await world.back(world.codeResult(state), cookie, 'emm-us'))).toBe('unknown_state')
    expect((await world.session(id))?.phase).toBe('pending')
  })

  it('with a forged state is refused', async () => {
    const { id } = await world.begin()
    const { cookie } = await world.start(id)
    const states = [`${id}.${'a'.repeat(22)}`, `cs_${'0'.repeat(32)}.${'a'.repeat(22)}`, 'x', '']

    const ends = []
    for (const state of states) ends.push(endOf(await world.back(world.codeResult(state), cookie)))

    expect(ends).toEqual(['unknown_state', 'not_found', 'unknown_state', 'unknown_state'])
    expect((await world.session(id))?.phase).toBe('pending')
  })

  it('with another session’s state does not serve this one', async () => {
    const [one, two] = [await world.begin(), await world.begin({ tenantRef: 'tenant-2' })]
    const first = await world.start(one.id)
    const second = await world.start(two.id)

    expect(endOf(await world.back(world.codeResult(second.state), first.cookie))).toBe(
      'wrong_browser',
    )
    const mixed = `${one.id}.${second.state.slice(two.id.length + 1)}`
    expect(endOf(await world.back(world.codeResult(mixed), first.cookie))).toBe('unknown_state')
  })

  it('without anything that can be read is refused, and the session goes on', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)
    const invalid: CallbackResult = { kind: 'invalid', rule: 'code is missing', state }

    expect(endOf(await world.back(invalid, cookie))).toBe('invalid_callback')

    expect(endOf(await world.back(world.codeResult(state), cookie))).toBe('portal')
  })

  it('ends no later than Samsung’s code', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)

    await world.back(world.codeResult(state, 'ada', 60), cookie)

    expect((await world.session(id))?.completeBy).toBe(world.clock() + 50_000)
  })
})

describe('a customer who says no', () => {
  it('is sent back to the portal, which learns it', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)

    const step = await world.back(denied(state), cookie)

    expect(step).toMatchObject({
      kind: 'portal',
      url: expect.stringContaining('error=access_denied'),
    })
    expect((await world.session(id))?.phase).toBe('denied')
    expect(endOf(await world.back(world.codeResult(state), cookie))).toBe('denied')
  })

  it('is told apart from an error of Samsung’s', async () => {
    const { id } = await world.begin()
    const { state, cookie } = await world.start(id)

    await world.back({ kind: 'denied', state, error: 'server_error' }, cookie)

    expect(await world.session(id)).toMatchObject({ phase: 'failed', failure: 'server_error' })
  })
})
