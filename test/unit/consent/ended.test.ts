import { beforeEach, describe, expect, it } from '@jest/globals'
import { PAGE_MESSAGES, type PageCause } from '../../../src/http/page-messages.ts'
import { createBrowser, type TestBrowser } from '../portal/support/browser.ts'
import { createPortalWorld, type PortalWorld } from '../portal/support/world.ts'
import { expectPage, newSession } from './support/pages.ts'

let world: PortalWorld
let browser: TestBrowser
let id: string

beforeEach(async () => {
  world = await createPortalWorld()
  browser = createBrowser(world)
  id = await newSession(world)
})

const cookieHeader = ({ cookies }: TestBrowser) =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

/** The answer to a callback itself, before the browser moves on. */
const callback = (parameters: string, cookie = '', method: 'GET' | 'POST' = 'GET') =>
  method === 'GET'
    ? world.send('GET', `/callback/emm-eu?${parameters}`).set('cookie', cookie)
    : world.send('POST', '/callback/emm-eu').set('cookie', cookie).type('form').send(parameters)

/** Where a page moves on to at once. */
const movedTo = ({ text }: { readonly text: string }): string | undefined =>
  /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(text)?.[1]?.replaceAll('&amp;', '&')

const ADDRESS =
  /^\/connect\/ended\?cause=([a-z_]+)(?:&session=(cs_[0-9a-z]{32}))?&support_id=[0-9a-f]{4}(?:-[0-9a-f]{4}){2}$/
const readAddress = (location: string | undefined) => ADDRESS.exec(location ?? '')?.slice(1)

describe('a callback that ends on a page', () => {
  const ENDS: readonly (readonly [PageCause, () => Promise<readonly [string, string]>])[] = [
    ['invalid_callback', async () => ['code=canary', '']],
    ['invalid_callback', async () => ['code=canary&code=canary&state=a', '']],
    ['unknown_state', async () => ['code=canary&state=a', '']],
    ['unknown_state', async () => [`code=canary&state=cs_${'0'.repeat(32)}.${'A'.repeat(22)}`, '']],
    ['denied', async () => ['close=true&closedAction=signInFailed&state=canary', '']],
  ]
  it.each(ENDS)(
    'for %s moves on to an address of its own, by GET and by POST',
    async (cause, make) => {
      const [parameters, cookie] = await make()
      for (const method of ['GET', 'POST'] as const) {
        const res = await callback(parameters, cookie, method)

        expectPage(res, PAGE_MESSAGES[cause].status, new RegExp(PAGE_MESSAGES[cause].heading))
        expect(res.headers['cache-control']).toBe('no-store')
        expect(res.headers['referrer-policy']).toBe('no-referrer')
        expect(readAddress(movedTo(res))).toEqual([cause, undefined])
      }
    },
  )

  it('names the session, and the page tells of its portal', async () => {
    const state = await browser.start(id)

    const res = await callback(`code=canary&state=${state}`)

    expect(readAddress(movedTo(res))).toEqual(['wrong_browser', id])
    for (const page of [res, await browser.open(movedTo(res) ?? '')]) {
      expectPage(page, 400, /browser you started in/)
      expect(page.text).toContain('Back to <bdi>acme</bdi>')
    }
  })

  it('keeps the support id under which the log has it', async () => {
    const res = await callback('code=canary&state=a').set(
      'traceparent',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    )

    const page = await browser.open(movedTo(res) ?? '')

    expect(page.text).toContain('<code>4bf9-2f35-77b3</code>')
  })

  it('works exactly once, and then says so at that address', async () => {
    const state = await browser.start(id)
    const cookie = cookieHeader(browser)
    const first = await callback(`code=ada&state=${state}`, cookie)
    const second = await callback(`code=ada&state=${state}`, cookie)

    expect(first.headers.location).toContain('result_code=')
    expect(readAddress(movedTo(second))).toEqual(['used', id])
    for (const page of [second, await browser.open(movedTo(second) ?? '')])
      expectPage(page, 400, /already done/)
  })

  it('after its time is late', async () => {
    const state = await browser.start(id)
    world.advance(600_000)

    const res = await callback(`code=ada&state=${state}`, cookieHeader(browser))

    expect(readAddress(movedTo(res))).toEqual(['late', id])
    for (const page of [res, await browser.open(movedTo(res) ?? '')])
      expectPage(page, 400, /took too long/)
  })

  it.each([
    ['to no program', '/callback/nobody?code=canary&state=a', 'not_found', 404],
    ['to a program that cannot be read', '/callback/%ff?code=canary', 'bad_request', 400],
    ['that is too long', `/callback/emm-eu?code=${'a'.repeat(5000)}`, 'bad_request', 414],
  ] as const)('%s leaves nothing in the address either', async (_, path, cause, status) => {
    const res = await world.send('GET', path)

    expect([res.status, res.headers['referrer-policy']]).toEqual([status, 'no-referrer'])
    expect(readAddress(movedTo(res))).toEqual([cause, undefined])
  })

  it('stays where it is while the store is away: reloading it goes on with the sign-in', async () => {
    const state = await browser.start(id)
    world.faulty.setDown(true)
    const cookie = cookieHeader(browser)

    const refused = await callback(`code=ada&state=${state}`, cookie)
    world.faulty.setDown(false)

    expectPage(refused, 503, /reload this page/)
    expect((await callback(`code=ada&state=${state}`, cookie)).headers.location).toContain(
      'result_code=',
    )
  })
})

describe('the cookie of a flow', () => {
  const cleared = () => [
    expect.stringMatching(
      new RegExp(`^__Host-kg_${id.slice(3)}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax$`),
    ),
  ]

  it('is taken away by every answer after which nobody can go on', async () => {
    const state = await browser.start(id)
    const cookie = cookieHeader(browser)
    const taken = await callback(`code=ada&state=${state}`, cookie)
    const again = await callback(`code=ada&state=${state}`, cookie)
    const opened = await world.send('GET', `/connect/${id}`).set('cookie', cookie)

    for (const { headers } of [taken, again, opened])
      expect(headers['set-cookie']).toEqual(cleared())
  })

  it('is taken away when the customer declines, and when the time is over', async () => {
    const state = await browser.start(id)
    world.advance(600_000)
    const late = await callback(`code=ada&state=${state}`, cookieHeader(browser))
    expect(late.headers['set-cookie']).toEqual(cleared())

    id = await newSession(world, 'tenant-2')
    const other = createBrowser(world)
    const declined = await callback(
      `error=access_denied&state=${await other.start(id)}`,
      cookieHeader(other),
    )
    expect(declined.headers['set-cookie']).toEqual(cleared())
  })

  it('stays where the one who began can still go on', async () => {
    const state = await browser.start(id)

    const refused = [
      await callback(`code=ada&state=${state}`),
      await callback(`code=ada&state=${id}.${'A'.repeat(22)}`, cookieHeader(browser)),
    ]

    for (const { headers } of refused) expect(headers['set-cookie']).toBeUndefined()
  })
})

describe('the page that ends a callback', () => {
  const CAUSES = ['late', 'used', 'wrong_browser', 'unknown_state', 'invalid_callback'] as const

  it.each(CAUSES)('says %s, and changes nothing', async (cause) => {
    const before = world.writes()
    const page = await browser.open(`/connect/ended?cause=${cause}&session=${id}`)

    expectPage(page, PAGE_MESSAGES[cause].status, new RegExp(PAGE_MESSAGES[cause].heading))
    expect(movedTo(page)).toBeUndefined()
    expect(page.headers['content-security-policy']).toContain("form-action 'none'")
    expect(world.writes()).toBe(before)
  })

  it('believes the record before the address', async () => {
    await browser.deny(id)

    const page = await browser.open(`/connect/ended?cause=wrong_browser&session=${id}`)

    expectPage(page, 200, /was cancelled/)
  })

  it('says of a session that was completed that it is connected', async () => {
    await browser.consent(id)
    await world.consent.sessions.update(id as `cs_${string}`, (session) => ({
      ...session,
      phase: 'completed',
    }))

    const page = await browser.open(`/connect/ended?cause=used&session=${id}`)

    expect([page.status, page.text]).toEqual([200, expect.stringContaining('<h1>Connected</h1>')])
  })

  it.each(['', '?cause=', '?cause=internal', '?cause=constructor', '?session=x'])(
    'is not found at %j',
    async (query) => {
      expectPage(await browser.open(`/connect/ended${query}`), 404, /nothing here/)
    },
  )

  it('does without a session that is gone or was never there', async () => {
    for (const session of [`cs_${'0'.repeat(32)}`, 'cs_x', '<script>']) {
      const query = new URLSearchParams({ cause: 'late', session })
      expectPage(await browser.open(`/connect/ended?${query}`), 400, /took too long/)
    }
  })

  it('takes no form', async () => {
    const res = await browser.post('/connect/ended?cause=late', '')

    expect([res.status, res.headers.allow]).toEqual([405, 'GET, HEAD'])
  })
})
