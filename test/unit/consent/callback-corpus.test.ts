import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Response } from 'supertest'
import { executables, parsePage } from '../../support/parsed-page.ts'
import { createBrowser, type TestBrowser } from '../portal/support/browser.ts'
import { createPortalWorld, type PortalWorld, RETURN_URL } from '../portal/support/world.ts'
import { newSession } from './support/pages.ts'

/** What would run, or become a header, where text is not taken for text. */
const CORPUS = [
  '<script>canary()</script>',
  '"><script src=https://canary.example></script>',
  "'-canary()-'",
  '<img src=x onerror=canary()>',
  '<svg/onload=canary()>',
  '</title></head><body onload=canary()>',
  'javascript:canary()',
  '" autofocus onfocus=canary() x="',
  '<a href="data:text/html,canary">',
  '<base href=//canary.example>',
  '<meta http-equiv=refresh content="0;url=//canary.example">',
  'a\r\nX-Canary: 1',
  'a\r\n\r\n<script>canary()</script>',
  'a%0d%0aX-Canary:%201',
  '\u560a\u560dX-Canary: 1',
  '\u0000canary\u2028',
] as const

const PARAMETERS = [
  'code',
  'state',
  'error',
  'error_description',
  'error_uri',
  'close',
  'closedAction',
  'code_expires_in',
  'scode',
  'iss',
  'auth_server_url',
  'api_server_url',
  'token_endpoint',
  'inputEmailID',
  'access_token',
  'handle',
  'unknown',
] as const

let world: PortalWorld
let browser: TestBrowser
let state: string

beforeEach(async () => {
  world = await createPortalWorld()
  browser = createBrowser(world)
  state = await browser.start(await newSession(world))
})

/** No header of anybody's making, and a page without a word of it and without anything that runs. */
function expectHarmless(res: Response): void {
  expect(JSON.stringify(res.headers).replaceAll(RETURN_URL, '')).not.toMatch(/canary/i)
  expect(res.text).not.toMatch(/canary/i)
  expect(executables(parsePage(res.text))).toEqual([])
}

describe.each(PARAMETERS)('the parameter %s of a callback', (name) => {
  it('never becomes part of a page or of a header, by GET and by POST', async () => {
    const address = '/callback/emm-eu'
    for (const value of CORPUS) {
      const foreign = new URLSearchParams({ code: 'ada', state: 'x', [name]: value }).toString()
      const own = new URLSearchParams({ error: 'server_error', state, [name]: value }).toString()
      const bare = `${name}=${encodeURIComponent(value)}`
      for (const parameters of [foreign, bare]) {
        expectHarmless(await browser.open(`${address}?${parameters}`))
        expectHarmless(await browser.post(address, parameters))
      }
      // A callback that its session takes leads to the portal, with a word from a closed list.
      const taken = await browser.open(`${address}?${own}`)
      expectHarmless(taken)
      const told = new URL(taken.headers.location ?? RETURN_URL).searchParams.get('error')
      expect(['server_error', 'access_denied', null]).toContain(told)
    }
  })
})

it.each(['cause', 'session', 'support_id', 'unknown'])(
  'the parameter %s of the page that ends a callback never becomes part of it',
  async (name) => {
    for (const value of CORPUS) {
      const query = new URLSearchParams({ cause: 'used', [name]: value })
      const res = await browser.open(`/connect/ended?${query}`)

      expectHarmless(res)
      expect(res.status).toBe(name === 'cause' ? 404 : 400)
    }
  },
)
