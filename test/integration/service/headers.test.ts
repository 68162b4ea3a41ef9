import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHttpBrowser } from '../../../scripts/stack/http-browser.ts'
import { createVerifier } from '../../../scripts/stack/portal-client.ts'
import { head, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/*
 * Every status that the service answers with, on both listeners: what each answer says about how
 * browsers may treat it.
 */

let rig: Rig
let connectPath: string
let connectUrl: string

beforeAll(async () => {
  rig = await startRig()
  const { body } = await rig.call('POST', '/v1/connect-sessions', {
    program: rig.stack.programId,
    tenant_ref: 'tenant-1',
    return_url: rig.stack.portals[0]?.returnUrl,
    code_challenge: createVerifier().challenge,
  })
  connectPath = `/connect/${body.id}`
  connectUrl = body.connect_url
})
afterAll(() => rig?.close())

interface Asked {
  readonly method: string
  readonly path: string
  readonly lines?: readonly string[]
  readonly body?: string
}

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const key = () => `Authorization: Bearer ${rig.stack.apiKey()}`
const admin = () => `Authorization: Bearer ${rig.stack.adminToken}`
const get = (path: string, ...lines: readonly string[]): Asked => ({ method: 'GET', path, lines })
const post = (path: string, body: string, ...lines: readonly string[]): Asked => ({
  method: 'POST',
  path,
  body,
  lines: [...lines, `Content-Length: ${Buffer.byteLength(body)}`],
})

const JSON_TYPE = 'Content-Type: application/json'
const HUGE = 'x'.repeat(40_000)

type Case = readonly [status: number, name: string, asked: () => Asked]

const PAGES: readonly Case[] = [
  [200, 'the first page', () => get(connectPath)],
  [400, 'the page that ends a callback', () => get('/connect/ended?cause=unknown_state')],
  [400, 'a path that cannot be read', () => get('/connect/%ff')],
  [403, 'a form of nobody', () => post(connectPath, 'action=continue', FORM)],
  [404, 'a page that there is not', () => get('/no')],
  [404, 'a link that was never given out', () => get(`/connect/cs_${'1'.repeat(32)}`)],
  [405, 'a method that pages do not have', () => ({ method: 'PUT', path: connectPath })],
  [413, 'a form that is too large', () => post('/callback/emm-eu', HUGE, FORM)],
  [414, 'an address that is too long', () => get(`/connect/${'x'.repeat(5000)}`)],
  [415, 'a form of another kind', () => post('/callback/emm-eu', '{}', JSON_TYPE)],
]

const API: readonly Case[] = [
  [200, 'the document', () => get('/openapi.json')],
  [200, 'the probe', () => get('/livez')],
  [200, 'a list', () => get('/v1/connections', key())],
  [400, 'JSON that is none', () => post('/v1/connections', '{', key(), JSON_TYPE)],
  [401, 'no key', () => get('/v1/connections')],
  [404, 'a route that there is not', () => get('/v1/no', key())],
  [
    405,
    'a method that routes do not have',
    () => ({ method: 'PUT', path: '/v1/connections', lines: [key()] }),
  ],
  [413, 'a body that is too large', () => post('/v1/connect-sessions', HUGE, key(), JSON_TYPE)],
  [415, 'a body of another kind', () => post('/v1/connect-sessions', 'x', key(), FORM)],
  [422, 'a value out of rule', () => post('/v1/connect-sessions', '{}', key(), JSON_TYPE)],
  [431, 'a head that is too large', () => get('/v1/connections', `X: ${HUGE}`)],
  [400, 'a head that cannot be parsed', () => get('/v1/connections', 'X\u0000: 1')],
]

const ADMIN: readonly Case[] = [
  [200, 'the probe', () => get('/livez')],
  [200, 'the metrics', () => get('/metrics', admin())],
  [401, 'no credential', () => get('/admin/v1/status')],
  [404, 'a route that there is not', () => get('/admin/v1/no', admin())],
  [405, 'a method that routes do not have', () => ({ method: 'PUT', path: '/livez' })],
  [413, 'a body that is too large', () => post('/admin/v1/freezes', HUGE, admin(), JSON_TYPE)],
  [422, 'a value out of rule', () => post('/admin/v1/freezes', '{}', admin(), JSON_TYPE)],
  [431, 'a head that is too large', () => get('/livez', `X: ${HUGE}`)],
]

/** Asks as a page of somebody else would. */
function ask(url: string | undefined, { method, path, lines = [], body }: Asked) {
  const request = head(`${method} ${path} HTTP/1.1`, 'Origin: https://evil.example', ...lines)
  return sendRaw(url ?? '', request, ...(body === undefined ? [] : [body]))
}

const publicUrl = () => rig.stack.services[0]?.url
const adminUrl = () => rig.stack.services[0]?.adminUrl

describe.each([
  ['page', PAGES, publicUrl, 'same-origin'],
  ['answer of the API', API, publicUrl, 'no-referrer'],
  ['answer of the admin listener', ADMIN, adminUrl, 'no-referrer'],
] as const)('every %s', (kind, cases, urlOf, referrerPolicy) => {
  it.each(cases)('%i, %s, has the headers that keep browsers in their place', async (...one) => {
    const [status, , asked] = one

    const answer = await ask(urlOf(), asked())

    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'referrer-policy': referrerPolicy,
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(
        /default-src 'none'.*frame-ancestors 'none'/,
      ),
      ...(kind === 'page' ? { 'cross-origin-opener-policy': 'same-origin' } : {}),
    })
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(
      [...answer.headers.keys()].filter((name) => /^access-control-|^x-powered/.test(name)),
    ).toEqual([])
  })

  it('permits no other origin to ask first', async () => {
    for (const [, , asked] of cases) {
      const { path } = asked()
      const lines = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: a']
      const answer = await ask(urlOf(), { method: 'OPTIONS', path, lines })

      expect([path, answer.status >= 400]).toEqual([path, true])
      expect(answer.text).not.toMatch(/^access-control-/im)
    }
  })
})

describe('what leads a browser on', () => {
  it('is 303, after a POST as after a GET, and never repeats the POST elsewhere', async () => {
    const browser = createHttpBrowser()
    const confirm = await browser.open(connectUrl)
    const onTheWay = await browser.press(confirm, { name: 'action', value: 'continue' })
    const signIn = await browser.follow(onTheWay)
    const isBack = (url: string) => url.includes('/callback/')
    const { url } = await browser.press(signIn, { name: 'allow', value: 'ada' }, isBack)
    const [cookie] = browser.cookies.get(new URL(connectUrl).host) ?? []
    const { pathname, search } = new URL(url)

    const posted = await ask(publicUrl(), post(pathname, search.slice(1), FORM))
    const kept = posted.headers.get('location') ?? ''
    const got = await ask(publicUrl(), get(kept, `Cookie: ${cookie?.join('=')}`))

    expect([posted.status, posted.body, got.status, got.body]).toEqual([303, '', 303, ''])
    expect(kept).toMatch(/^\/callback\/emm-eu\/continue\?handle=/)
    expect(got.headers.get('location')).toMatch(/[?&]result_code=/)
  })

  it('is the page itself where a callback is refused, and it takes its address away', async () => {
    for (const asked of [
      get('/callback/emm-eu?code=a&state=b'),
      post('/callback/emm-eu', 'code=a&state=b', FORM),
    ]) {
      const { status, headers, body } = await ask(publicUrl(), asked)

      expect([status, headers.get('referrer-policy')]).toEqual([400, 'no-referrer'])
      expect(body).toContain('<meta http-equiv="refresh" content="0;url=/connect/ended?')
    }
  })
})
