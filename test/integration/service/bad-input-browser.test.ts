import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHttpBrowser, type HttpBrowser } from '../../../scripts/stack/http-browser.ts'
import { createVerifier } from '../../../scripts/stack/portal-client.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expectNoTrace, expectPage, storeContent } from './bad-input.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const CANARY = '<script>alert(1)</script>'

let rig: Rig
let before: ReadonlyMap<string, string>
let browser: HttpBrowser
let sessionId: string
let verifier: string
/** The real address that Samsung sends the browser to; not opened until the last test. */
let callback: URL
let cookie: string

beforeAll(async () => {
  rig = await startRig()
  const { call, stack } = rig
  const pkce = createVerifier()
  verifier = pkce.verifier
  const { body } = await call('POST', '/v1/connect-sessions', {
    program: stack.programId,
    tenant_ref: 'tenant-1',
    return_url: stack.portals[0]?.returnUrl,
    code_challenge: pkce.challenge,
  })
  sessionId = body.id
  browser = createHttpBrowser()
  const confirm = await browser.open(body.connect_url)
  const onTheWay = await browser.press(confirm, { name: 'action', value: 'continue' })
  const signIn = await browser.follow(onTheWay)
  const isBack = (url: string) => url.includes('/callback/')
  const back = await browser.press(signIn, { name: 'allow', value: 'ada' }, isBack)
  callback = new URL(back.url)
  const [pair] = browser.cookies.get(new URL(body.connect_url).host) ?? []
  cookie = pair?.join('=') ?? ''
  before = await storeContent(rig)
})
afterAll(() => rig?.close())

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** Asks with the cookie of the browser that began: nothing but the input is wrong. */
async function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}) {
  const answer = await fetch(rig.stack.url + path, {
    method,
    headers: { cookie, ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  const contentType = answer.headers.get('content-type')
  const name = `${method} ${path.slice(0, 100)} ${String(body ?? '').slice(0, 60)}`
  return { name, status: answer.status, contentType, text: await answer.text() }
}

/** The real callback's parameters, changed. */
function query(changes: Readonly<Record<string, string | null>>, more = ''): string {
  const parameters = new URLSearchParams(callback.searchParams)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) parameters.delete(name)
    else parameters.set(name, value)
  }
  return `${parameters}${more}`
}

/** Everything that is wrong with a callback although its state is right, as a query or a form. */
const WRONG: readonly (readonly [string, () => string])[] = [
  ['without a code', () => query({ code: null })],
  ['with an empty code', () => query({ code: '' })],
  ['with two codes', () => query({}, '&code=another')],
  ['with the same code twice', () => query({}, `&code=${callback.searchParams.get('code')}`)],
  ['with two states', () => query({}, '&state=another')],
  ['with an array of codes', () => query({}, '&code[]=another')],
  ['with an object of states', () => query({}, '&state[$ne]=x')],
  ['with a code of 8 KB', () => query({ code: 'x'.repeat(8192) })],
  ['with a code that is not UTF-8', () => query({ code: null }, '&code=%ff%fe')],
  ['with a code that is not ASCII', () => query({ code: 'cödé' })],
  ['with a code with a control character', () => query({ code: 'a\u0000b' })],
  ['with a line break in the code', () => query({ code: 'a\r\nSet-Cookie: x=y' })],
  ['with JSON in code that breaks off', () => query({ code: '{"code":"x"' })],
  ['with JSON in code that is an array', () => query({ code: '{"code":["x"]}' })],
  ['with another state in the JSON', () => query({ code: '{"code":"x","state":"y"}' })],
  ['with an access token', () => query({}, '&access_token=x')],
  ['with an id token in the JSON', () => query({ code: '{"code":"x","id_token":"y"}' })],
  ['with two errors', () => query({ code: null }, '&error=access_denied&error=server_error')],
]

const STATES: readonly (readonly [string, () => string])[] = [
  ['without a state', () => query({ state: null })],
  ['with an empty state', () => query({ state: '' })],
  ['with a state of 8 KB', () => query({ state: 'x'.repeat(8192) })],
  [
    'with a state that is nobody’s',
    () => query({ state: `cs_${'0'.repeat(32)}.${'A'.repeat(22)}` }),
  ],
  ['with a state of another form', () => query({ state: 'sentinel' })],
  ['with half of its state', () => query({ state: sessionId })],
  ['with a wrong secret in its state', () => query({ state: `${sessionId}.${'A'.repeat(22)}` })],
  ['with markup', () => query({ state: CANARY, code: CANARY })],
]

describe.each([...WRONG, ...STATES])('a callback %s', (_, parameters) => {
  it('ends on a page, by GET and by POST, and changes nothing', async () => {
    const answers = [
      await ask(`${callback.pathname}?${parameters()}`),
      await ask(callback.pathname, { method: 'POST', headers: FORM, body: parameters() }),
    ]
    const got = answers.filter(({ status }) => status !== 303)

    for (const answer of got) {
      expectPage(answer)
      expect([answer.name, answer.status]).toEqual([answer.name, expect.any(Number)])
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(answer.text).not.toContain('alert(1)')
    }
    expect(got[0]).toBe(answers[0])
    // A posted one that could be real waits for its browser, in a document of its own.
    const waiting = [...(await storeContent(rig)).keys()].filter((key) => key.includes('{cb_'))
    expect(waiting).toHaveLength(answers.length - got.length)
    for (const key of waiting) await rig.db.del(key)
    await expectNoTrace(rig, before)
  })
})

it('shows nothing of an error that Samsung, or somebody else, wrote', async () => {
  const answer = await ask(`${callback.pathname}?${query({ state: CANARY, error: CANARY })}`)

  expectPage(answer)
  expect(answer.text).toContain('Not connected')
  expect(answer.text).not.toContain('alert(1)')
  await expectNoTrace(rig, before)
})

describe('a posted callback', () => {
  it.each<readonly [string, Asked, number]>([
    ['of JSON', { headers: { 'content-type': 'application/json' }, body: '{}' }, 415],
    ['of many parts', { headers: { 'content-type': 'multipart/form-data' }, body: '--x' }, 415],
    ['of nothing', {}, 415],
    ['that is not UTF-8', { headers: FORM, body: Uint8Array.of(0x73, 0x3d, 0xff) }, 400],
    ['over the limit', { headers: FORM, body: 'x'.repeat(20_000) }, 413],
  ])('%s is refused', async (_, asked, status) => {
    const answer = await ask(callback.pathname, { method: 'POST', ...asked })

    expectPage(answer)
    expect(answer.status).toBe(status)
    await expectNoTrace(rig, before)
  })
})

describe('other pages', () => {
  it.each([
    ['/callback/nobody?code=a&state=b', 404],
    ['/callback/__proto__?code=a&state=b', 404],
    ['/callback/%', 400],
    ['/callback/%ff', 400],
    ['/callback/emm-eu/', 404],
    ['/callback/emm-eu/continue', 400],
    ['/callback/emm-eu/continue?handle=%', 400],
    [`/callback/emm-eu/continue?handle=${'A'.repeat(43)}`, 400],
    ['/callback/emm-eu/continue?handle=a&handle=b', 400],
    ['/connect/', 404],
    ['/connect/x', 404],
    [`/connect/cs_${'0'.repeat(32)}`, 404],
    ['/connect/%', 400],
    ['/connect/%c0%af', 400],
    ['/', 404],
    ['/nothing', 404],
    [`/${'x'.repeat(5000)}`, 414],
    ['/assets/../package.json', 404],
    ['/assets/%2e%2e%2fpackage.json', 404],
    ['/views/confirm.eta', 404],
  ])('answer %s with %i', async (path, status) => {
    const answer = await ask(path)

    expectPage(answer)
    expect(answer.status).toBe(status)
    await expectNoTrace(rig, before)
  })

  it('refuse a method that they do not have', async () => {
    for (const path of [callback.pathname, `/connect/${sessionId}`])
      for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        const answer = await ask(path, { method })
        expectPage(answer)
        expect(answer.status).toBe(405)
      }
    await expectNoTrace(rig, before)
  })

  it('refuse a form that is not their own', async () => {
    const { origin } = new URL(callback)
    const path = `/connect/${sessionId}`
    const own = { ...FORM, origin }
    for (const [name, asked, status] of [
      ['no origin', { headers: FORM, body: 'action=continue' }, 403],
      ['another origin', { headers: { ...FORM, origin: 'https://evil.example' }, body: '' }, 403],
      ['origin null', { headers: { ...FORM, origin: 'null' }, body: '' }, 403],
      ['same-site', { headers: { ...own, 'sec-fetch-site': 'same-site' }, body: '' }, 403],
      ['no token', { headers: own, body: 'action=continue' }, 403],
      ['a wrong token', { headers: own, body: `action=cancel&csrf_token=${'A'.repeat(43)}` }, 403],
      ['a token twice', { headers: own, body: 'csrf_token=a&csrf_token=b' }, 422],
      ['not UTF-8', { headers: own, body: 'action=%ff' }, 400],
      ['JSON', { headers: { origin, 'content-type': 'application/json' }, body: '{}' }, 415],
      ['too much', { headers: own, body: 'x'.repeat(20_000) }, 413],
    ] as const) {
      const answer = await ask(path, { method: 'POST', ...asked })
      expectPage({ ...answer, name })
      expect([name, answer.status]).toEqual([name, status])
    }
    await expectNoTrace(rig, before)
  })
})

it('lets the real callback through after all that, and its session be completed', async () => {
  const returnUrl = rig.stack.portals[0]?.returnUrl ?? ''
  const landed = await browser.open(callback.href, (url) => url.startsWith(returnUrl))
  const made = await rig.call('POST', `/v1/connect-sessions/${sessionId}/complete`, {
    result_code: new URL(landed.url).searchParams.get('result_code'),
    code_verifier: verifier,
  })

  expect([made.status, made.body.status]).toEqual([200, 'active'])
  expect(rig.sandbox.record().refused.token).toBe(0)
})
