import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type BrowserStack,
  HOSTS,
  PUBLIC_URL,
  startBrowserStack,
  type Visit,
} from '../support/browser-stack.ts'
import {
  CONTINUE,
  complete,
  consent,
  decide,
  goToSamsung,
  landing,
  resultCode,
  statusOf,
} from '../support/browser-walk.ts'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())
beforeEach(() => void stack.sandbox.control({ callbackShape: 'query' }))

const HAPPY = Object.values(HOSTS).toSorted()

/** Nothing was complained about, and nobody else was asked for anything. */
function expectQuiet({ complaints, hosts }: Visit): void {
  expect(complaints).toEqual([])
  expect([...hosts].toSorted()).toEqual(HAPPY)
}

describe('a first sign-in', () => {
  it.each(['query', 'json_code', 'form_post'] as const)(
    'connects without script when Samsung answers by %s',
    async (callbackShape) => {
      stack.sandbox.control({ callbackShape })
      const visit = await stack.visit({ javaScriptEnabled: false })
      const session = await stack.newSession()

      await goToSamsung(visit.page, session)
      await decide(visit.page, 'allow')
      if (callbackShape === 'form_post')
        await visit.page.getByRole('button', { name: 'Continue' }).click()
      const code = resultCode(await landing(visit.page), session)

      expect(await statusOf(stack, session)).toBe('awaiting_completion')
      expect(await complete(stack, session, code)).toMatchObject({
        status: 200,
        body: { status: 'active', account: { email: 'ada@fernhill.example' } },
      })
      expectQuiet(visit)
    },
  )

  it('comes back by a posted form without its cookie, and proves itself after the redirect', async () => {
    stack.sandbox.control({ callbackShape: 'form_post' })
    const visit = await stack.visit()
    const session = await stack.newSession()
    const cookie = expect.stringContaining(`__Host-kg_${session.id.slice('cs_'.length)}=`)

    const code = await consent(visit.page, session)

    const [posted, proven] = stack.front.seen
      .filter(({ target }) => target.startsWith('/callback/'))
      .slice(-2)
    expect(posted).toMatchObject({
      method: 'POST',
      target: '/callback/emm-eu',
      headers: { 'sec-fetch-site': 'cross-site', origin: `https://${HOSTS.samsung}` },
    })
    expect(posted?.headers.cookie).toBeUndefined()
    expect(proven).toMatchObject({
      method: 'GET',
      target: expect.stringMatching(/^\/callback\/emm-eu\/continue\?handle=[\w-]{43}$/),
      headers: { cookie },
    })
    expect((await complete(stack, session, code)).status).toBe(200)
    expectQuiet(visit)
  })

  it('needs no mouse', async () => {
    const { page } = await stack.visit()
    const session = await stack.newSession()

    await page.goto(session.connectUrl)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(`https://${HOSTS.samsung}/**`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    resultCode(await landing(page), session)
  })

  it('asks nothing of an administrator who is signed in already', async () => {
    const visit = await stack.visit()
    await consent(visit.page, await stack.newSession())
    const session = await stack.newSession()
    await visit.page.goto(session.connectUrl)

    await visit.page.getByRole('button', { name: CONTINUE }).click()
    const code = resultCode(await landing(visit.page), session)

    expect((await complete(stack, session, code)).status).toBe(200)
    expectQuiet(visit)
  })
})

describe('what a sign-in leaves behind', () => {
  it('binds the browser with a strict little cookie, and takes it away at the end', async () => {
    const { page, context } = await stack.visit()
    const session = await stack.newSession()

    await goToSamsung(page, session)
    const [cookie, ...others] = await context.cookies(PUBLIC_URL)
    await decide(page, 'allow')
    await landing(page)

    expect(others).toEqual([])
    expect(cookie).toMatchObject({
      name: `__Host-kg_${session.id.slice('cs_'.length)}`,
      value: expect.stringMatching(/^[\w-]{43}$/),
      domain: HOSTS.knoxgate,
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
    })
    const lifeSeconds = (cookie?.expires ?? 0) - Date.now() / 1000
    expect(lifeSeconds).toBeGreaterThan(0)
    expect(lifeSeconds).toBeLessThanOrEqual(600)
    expect(await context.cookies(PUBLIC_URL)).toEqual([])
  })

  it('is no code and no state in our part of the history, and no referrer anywhere', async () => {
    const { page, context } = await stack.visit()
    const session = await stack.newSession()

    await consent(page, session)

    const devtools = await context.newCDPSession(page)
    const { entries } = await devtools.send('Page.getNavigationHistory')
    const ours = entries.map(({ url }) => url).filter((url) => url.startsWith(PUBLIC_URL))
    expect(ours).toEqual([session.connectUrl])
    const atPortal = stack.front.seen.findLast(({ host }) => host === HOSTS.portal)
    expect(`https://${HOSTS.portal}${atPortal?.target}`).toBe(page.url())
    expect(atPortal?.headers.referer).toBeUndefined()
    const atSamsung = stack.front.seen.findLast(
      ({ host, method }) => host === HOSTS.samsung && method === 'GET',
    )
    expect(atSamsung?.target).toContain(`state=${session.id}.`)
    expect(atSamsung?.headers.referer).toBeUndefined()
  })
})

describe('before anybody presses a button', () => {
  it('a mail scanner that opens the link, twice, uses nothing up', async () => {
    const scanner = await stack.visit()
    const session = await stack.newSession()

    for (const page of [scanner.page, await scanner.context.newPage()]) {
      await page.goto(session.connectUrl)
    }
    await fetch(`${stack.stack.url}/connect/${session.id}`, { method: 'HEAD' })

    expect(await scanner.context.cookies()).toEqual([])
    expect(await statusOf(stack, session)).toBe('pending')
    const customer = await stack.visit()
    const code = await consent(customer.page, session)
    expect((await complete(stack, session, code)).status).toBe(200)
  })

  it('a script that somebody brings in does not run, and breaks the policy', async () => {
    const { page, complaints } = await stack.visit()
    const { connectUrl } = await stack.newSession()
    await page.goto(connectUrl)

    await expect(page.addScriptTag({ content: 'document.title = "owned"' })).rejects.toThrow()

    expect(await page.title()).not.toBe('owned')
    expect(complaints).toContainEqual(expect.stringMatching(/^policy broken: script-src/))
  })
})
