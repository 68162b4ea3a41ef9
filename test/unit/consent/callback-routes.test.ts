import { once } from 'node:events'
import { connect } from 'node:net'
import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createBrowser, type TestBrowser } from '../portal/support/browser.ts'
import { createPortalWorld, type PortalWorld, RETURN_URL } from '../portal/support/world.ts'
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

describe('the way back from Samsung', () => {
  const CODES = (state: string): readonly (readonly [string, string])[] => [
    ['in the query', `code=ada&state=${state}`],
    ['with its life', `code=ada&code_expires_in=300&state=${state}`],
    ['as JSON in code', `code=${encodeURIComponent(JSON.stringify({ code: 'ada', state }))}`],
    ['with addresses of its own', `code=ada&state=${state}&auth_server_url=evil.example`],
  ]

  it.each([0, 1, 2, 3])('is understood in every shape (%d), by GET and by POST', async (shape) => {
    for (const method of ['GET', 'POST']) {
      const session = await newSession(world, `tenant-${method}`)
      const own = createBrowser(world)
      const state = await own.start(session)
      const parameters = CODES(state)[shape]?.[1] ?? ''

      const res =
        method === 'GET'
          ? await own.open(`/callback/emm-eu?${parameters}`)
          : await postBack(own, parameters)

      expect(res.status).toBe(303)
      expect(res.headers.location).toMatch(
        new RegExp(`^${RETURN_URL}\\?connect_session=${session}&result_code=[\\w-]{43}$`),
      )
      expect(own.cookies.size).toBe(0)
    }
  })

  /** What Samsung's page posts, without a cookie, and where the browser goes then. */
  async function postBack(own: TestBrowser, parameters: string) {
    const posted = await createBrowser(world).post('/callback/emm-eu', parameters, {
      origin: 'https://account.samsung.com',
      'sec-fetch-site': 'cross-site',
    })
    expect(posted.status).toBe(303)
    expect(posted.headers.location).toMatch(/^\/callback\/emm-eu\/continue\?handle=[\w-]{43}$/)
    expect(posted.headers.location).not.toContain('ada')
    return own.open(posted.headers.location ?? '')
  }

  it('by POST decides nothing by itself, and works once', async () => {
    const state = await browser.start(id)
    const posted = await createBrowser(world).post('/callback/emm-eu', `code=ada&state=${state}`)
    expect(await phaseOf()).toBe('pending')
    const target = posted.headers.location ?? ''

    expect((await browser.open(target)).status).toBe(303)

    expectPage(await browser.open(target), 400, /already done/)
  })

  it('by POST is refused to the browser that posted it without having begun', async () => {
    const state = await browser.start(id)
    const stranger = createBrowser(world)
    const posted = await stranger.post('/callback/emm-eu', `code=ada&state=${state}`)

    expectPage(await stranger.open(posted.headers.location ?? ''), 400, /browser you started in/)
    expect(await phaseOf()).toBe('pending')
  })

  it.each([
    ['nothing', ''],
    ['no state', 'code=canary'],
    ['a state given twice', 'code=canary&state=a&state=b'],
    ['a list', 'code[]=canary&state=a'],
    ['an object', 'code[$ne]=canary&state=a'],
    ['a token', 'access_token=canary&state=a'],
    ['an id token', 'id_token=canary&code=canary&state=a'],
    ['broken JSON', 'code=%7Bcanary&state=a'],
    ['a script', 'code=%3Cscript%3Ecanary%3C/script%3E&state=%3Cscript%3E'],
    ['control characters', 'code=a%0d%0aSet-Cookie:canary&state=a'],
    ['what is not percent-encoded', 'code=%&state=%zz'],
  ])('with %s ends on a page', async (_, parameters) => {
    const before = world.writes()
    const answers = [
      await browser.open(`/callback/emm-eu?${parameters}`),
      await browser.post('/callback/emm-eu', parameters),
    ]

    for (const res of answers)
      if (res.status !== 303) expectPage(res, 400, /incomplete|cannot match|cannot be read/)
    expect(world.samsung.codes).toEqual([])
    // A post in order keeps its parameters for two minutes; nothing else may be written.
    expect(world.writes() - before).toBeLessThanOrEqual(answers[1]?.status === 303 ? 1 : 0)
  })

  it('with an error of nobody’s session repeats no word of it', async () => {
    const parameters = 'error=canary&error_description=%3Cscript%3Ecanary&state=a'

    expectPage(await browser.open(`/callback/emm-eu?${parameters}`), 200, /cancelled/)
  })

  it('to a program that there is not is not found', async () => {
    for (const path of ['/callback/nothing?code=a&state=b', '/callback/', '/callback/__proto__'])
      expectPage(await browser.open(path), 404, /nothing here/)
  })

  it.each(['', 'x', '%00', 'a'.repeat(43), `${'a'.repeat(42)}}`])(
    'with the handle %j ends on a page',
    async (handle) => {
      expectPage(await browser.open(`/callback/emm-eu/continue?handle=${handle}`), 400, /done/)
    },
  )

  it('of a session that was completed says that it is connected', async () => {
    const { state } = await browser.consent(id)
    const found = await world.consent.sessions.read(id)
    await world.consent.sessions.update(id, (session) => ({ ...session, phase: 'completed' }))
    expect(found?.record.phase).toBe('awaiting_completion')

    const res = await browser.open(`/callback/emm-eu?code=ada&state=${state}`)

    expect(res.status).toBe(200)
    expect(res.text).toContain('acme')
  })

  it('with any parameters at all is never an error of ours', async () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.webQueryParameters())
    const name = fc.constantFrom('code', 'state', 'error', 'close', 'closedAction', 'code[]', 'x')
    const query = fc.array(fc.tuple(name, value), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(query, fc.boolean(), async (pairs, escaped) => {
        const text = escaped
          ? new URLSearchParams(pairs).toString()
          : pairs.map(([key, one]) => `${key}=${one.replace(/[^\x21-\x7e]|#/g, '')}`).join('&')
        const res = await browser.open(`/callback/emm-eu?${text}`)

        expect(res.status).toBeLessThan(500)
        expect(res.headers.location).toBeUndefined()
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    'GET http://[/callback/emm-eu HTTP/1.1',
    'GET http://[::bad]/callback/emm-eu?code=a HTTP/1.1',
    'GET http://x:99999/callback/emm-eu?code=a&state=b HTTP/1.1',
    'GET http://evil.example/callback/emm-eu?code=a&state=b HTTP/1.1',
    'GET //evil.example/callback/emm-eu HTTP/1.1',
    'GET /callback/emm-eu?\\..//%5c HTTP/1.1',
    'GET /callback/emm-eu#fragment HTTP/1.1',
    'GET * HTTP/1.1',
    'OPTIONS * HTTP/1.1',
  ])('for the request line %j is never an error of ours', async (line) => {
    const { hostname, port } = new URL(world.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(`${line}\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    await once(socket, 'close')

    expect(answer).toMatch(/^HTTP\/1\.1 [34]\d\d /)
  })
})
