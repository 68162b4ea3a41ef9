import { beforeEach, describe, expect, it } from '@jest/globals'
import { createBrowser, PUBLIC_URL, type TestBrowser } from '../portal/support/browser.ts'
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

const phaseOf = async (session = id) => (await world.consent.sessions.read(session))?.record.phase

describe('the page behind the link', () => {
  it('names the portal and sets no cookie', async () => {
    const res = await browser.open(`/connect/${id}`)

    expect(res.status).toBe(200)
    expect(res.text).toContain('acme')
    expect(res.headers['set-cookie']).toBeUndefined()
  })

  it('changes nothing, whoever fetches it and how often', async () => {
    const before = world.writes()
    for (let i = 0; i < 3; i++) await browser.open(`/connect/${id}`)
    await world.send('HEAD', `/connect/${id}`).expect(200)

    expect(world.writes()).toBe(before)
  })

  it.each([
    '/connect/cs_x',
    `/connect/cs_${'0'.repeat(32)}`,
    '/connect/',
    '/connect',
    '/connect/%00',
    '/connect/..%2f..%2fv1',
    '/nothing',
    '/',
  ])('of %s is not found', async (path) => {
    expectPage(await browser.open(path), 404, /nothing here/)
  })

  it('that cannot be read is a page, too', async () => {
    expectPage(await browser.open('/connect/%E0%A4%A'), 400, /cannot be read/)
  })

  it('that is longer than the limit is a page, too', async () => {
    expectPage(await browser.open(`/connect/${id}?${'x'.repeat(4096)}`), 414, /cannot be read/)
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('does not take %s', async (method) => {
    const res = await world.send(method, `/connect/${id}`)

    expect(res.status).toBe(405)
    expect(res.headers.allow).toBe('GET, HEAD, POST')
  })
})

describe('continue', () => {
  it('binds this browser by a cookie that only this host gets back', async () => {
    const res = await browser.post(`/connect/${id}`, await browser.formOf(id, 'continue'))

    expect(res.status).toBe(200)
    const [cookie = ''] = [res.headers['set-cookie']].flat()
    expect(cookie).toMatch(
      /^__Host-kg_[0-9a-z]{32}=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
  })

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['no origin that can be told', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbouring host', { 'sec-fetch-site': 'same-site' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
  ])('from %s is refused', async (_, headers) => {
    const form = await browser.formOf(id, 'continue')

    const res = await browser.post(`/connect/${id}`, form, headers as Record<string, string>)

    expectPage(res, 403, /did not come from our page/)
    expect(await phaseOf()).toBe('pending')
    expect(browser.cookies.size).toBe(0)
  })

  it('without the form’s own token is refused', async () => {
    const other = await newSession(world, 'tenant-2')
    const forms = [
      'action=continue',
      'action=continue&csrf_token=',
      'action=continue&csrf_token=x',
      await browser.formOf(other, 'continue'),
    ]
    for (const form of forms) {
      const res = await browser.post(`/connect/${id}`, form)

      expectPage(res, 403, /did not come from our page/)
    }
  })

  it.each([
    ['a field given twice', 'action=continue&action=cancel', undefined],
    ['what is not percent-encoded', 'action=%', undefined],
    ['JSON', '{"action":"continue"}', 'application/json'],
    ['text', 'action=continue', 'text/plain'],
    ['too much', `action=${'x'.repeat(20_000)}`, undefined],
  ])('with %s is refused', async (_, form, type) => {
    const res = await browser.post(`/connect/${id}`, form, type ? { 'content-type': type } : {})

    expect(res.status).toBeGreaterThanOrEqual(400)
    expect(res.status).toBeLessThan(500)
    expectPage(res, res.status, /./)
    expect(await phaseOf()).toBe('pending')
  })

  it('with a cookie that no browser was given does not fail', async () => {
    const name = `__Host-kg_${id.slice(3)}`
    for (const value of ['', 'a%b', 'ä', 'x'.repeat(4000), '";Path=/x']) {
      browser.cookies.set(name, value)
      const res = await browser.post(`/connect/${id}`, await browser.formOf(id, 'continue'))

      expect(res.status).toBeLessThan(500)
    }
  })

  it('with a cookie that is given twice is refused', async () => {
    const form = await browser.formOf(id, 'continue')
    const cookie = `__Host-kg_${id.slice(3)}=a; __Host-kg_${id.slice(3)}=b`

    const res = await browser.post(`/connect/${id}`, form, { cookie })

    expectPage(res, 400, /cannot be read/)
  })
})

it('never lets another host’s name into an address', async () => {
  const res = await browser.post(`/connect/${id}`, await browser.formOf(id, 'continue'), {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
  })

  expect(res.text).not.toContain('evil.example')
  expect(PUBLIC_URL).not.toContain('evil')
})
