import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import type { PageCause } from '../../src/http/page-messages.ts'
import {
  type BrowserStack,
  HOSTS,
  type NewSession,
  PUBLIC_URL,
  RETURN_URL,
  startBrowserStack,
} from '../support/browser-stack.ts'
import {
  complete,
  consent,
  decide,
  goToSamsung,
  seeEnd,
  statusOf,
} from '../support/browser-walk.ts'

const CALLBACK = `${PUBLIC_URL}/callback/emm-eu`
/** What must not stay anywhere: Samsung's code and our state, or a name that they go by. */
const RESIDUE = /[?&](?:code|state)=|CANARY/

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())
beforeEach(() => void stack.sandbox.control({ callbackShape: 'query', denial: 'access_denied' }))

/** Every address of ours in this tab's history. */
async function history(page: Page): Promise<readonly string[]> {
  const devtools = await page.context().newCDPSession(page)
  const { entries } = await devtools.send('Page.getNavigationHistory')
  return entries.map(({ url }) => url).filter((url) => url.startsWith(PUBLIC_URL))
}

const ADDRESS =
  /^\/connect\/ended\?cause=([a-z_]+)(?:&session=cs_\w{32})?&support_id=[0-9a-f-]{14}$/

/** The page of a cause is there, and neither the address nor the history nor a script sees more. */
async function expectClean(page: Page, cause: PageCause): Promise<void> {
  await page.waitForURL((url) => ADDRESS.test(url.pathname + url.search))
  await seeEnd(page, cause)
  const { pathname, search, hash } = new URL(page.url())
  expect(ADDRESS.exec(pathname + search + hash)?.[1]).toBe(cause)
  expect(await page.evaluate('[location.href, document.referrer].join()')).not.toMatch(RESIDUE)
  for (const url of await history(page)) expect(url).not.toMatch(RESIDUE)
  await expectNoReferrer(page)
}

/** Follows the page's ways out: a file of ours, and the portal, which gets no referrer at all. */
async function expectNoReferrer(page: Page): Promise<void> {
  const before = stack.front.seen.length
  await page.reload()
  const back = page.getByRole('link', { name: 'Back to Acme Console' })
  if ((await back.count()) > 0) {
    await back.click()
    await page.waitForURL(RETURN_URL)
    expect(stack.front.seen.findLast(({ host }) => host === HOSTS.portal)?.headers.referer).toBe(
      undefined,
    )
  }
  const asked = stack.front.seen.slice(before)
  expect(asked.filter(({ host }) => host === HOSTS.knoxgate)).not.toEqual([])
  for (const { headers } of asked) expect(headers.referer ?? '').not.toMatch(RESIDUE)
}

/** The newest callback that a browser made, with all that it held. */
function lastCallback(): string {
  const seen = stack.front.seen.findLast(({ target }) => target.startsWith('/callback/'))
  expect(seen?.target).toMatch(RESIDUE)
  return PUBLIC_URL + seen?.target
}

const stateOf = (page: Page) => new URL(page.url()).searchParams.get('state')

/** Leads a browser to a callback that cannot go on. */
const REFUSED: readonly (readonly [
  PageCause,
  string,
  (page: Page, session: NewSession) => Promise<unknown>,
])[] = [
  [
    'unknown_state',
    'of nobody',
    (page) => page.goto(`${CALLBACK}?code=CANARY&state=cs_${'0'.repeat(32)}.${'A'.repeat(22)}`),
  ],
  [
    'invalid_callback',
    'with two codes',
    (page) => page.goto(`${CALLBACK}?code=CANARY&code=CANARY2&state=CANARY`),
  ],
  [
    'denied',
    'of a closed page',
    (page) => page.goto(`${CALLBACK}?close=true&closedAction=signInFailed&state=CANARY`),
  ],
  [
    'not_found',
    'of no program',
    (page) => page.goto(`${PUBLIC_URL}/callback/nobody?code=CANARY&state=CANARY`),
  ],
  [
    'wrong_browser',
    'in another browser',
    async (page, session) => {
      const { page: first, context } = await stack.visit()
      await goToSamsung(first, session)
      const state = stateOf(first)
      await context.close()
      await page.goto(`${CALLBACK}?code=CANARY&state=${state}`)
    },
  ],
  [
    'used',
    'for the second time',
    async (page, session) => {
      await consent(page, session)
      await page.goto(lastCallback())
    },
  ],
]

describe('a callback leaves a clean address', () => {
  it.each(REFUSED)('when it is %s, %s', async (cause, _, lead) => {
    const { page, context } = await stack.visit()

    await lead(page, await stack.newSession())

    await expectClean(page, cause)
    await context.close()
  })

  it('when Samsung’s page posts one that cannot go on', async () => {
    stack.sandbox.control({ callbackShape: 'form_post' })
    const { page } = await stack.visit()
    const session = await stack.newSession()
    await goToSamsung(page, session)
    // The cookie is gone, as in a browser that keeps none.
    await page.context().clearCookies({ domain: HOSTS.knoxgate })

    await decide(page, 'allow')

    await expectClean(page, 'wrong_browser')
    expect(await statusOf(stack, session)).toBe('pending')
  })

  it('when it is taken, and going back to Samsung brings nothing that counts', async () => {
    const { page } = await stack.visit()
    const session = await stack.newSession()
    const code = await consent(page, session)
    for (const url of await history(page)) expect(url).not.toMatch(RESIDUE)

    // Samsung knows this administrator by now, and sends the browser on with another code.
    await page.goBack()

    await expectClean(page, 'used')
    expect((await complete(stack, session, code)).status).toBe(200)
  })
})

it('going back from the page that ends a callback, and reloading it, repeats nothing', async () => {
  const { page } = await stack.visit()
  const session = await stack.newSession()
  await consent(page, session)
  await page.goto(lastCallback())
  await page.waitForURL((url) => ADDRESS.test(url.pathname + url.search))
  await seeEnd(page, 'used')
  const before = stack.front.seen.length

  await page.reload()
  await page.goBack()
  await page.goForward()

  await seeEnd(page, 'used')
  const asked = stack.front.seen.slice(before)
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter(({ target, method }) => RESIDUE.test(target) || method === 'POST')).toEqual(
    [],
  )
})
