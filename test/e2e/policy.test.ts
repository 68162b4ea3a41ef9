import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import {
  type BrowserStack,
  HOSTS,
  type NewSession,
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
  seeEnd,
} from '../support/browser-walk.ts'
import { eventually } from '../support/eventually.ts'
import { tamperWith, watchPolicy } from '../support/page-watch.ts'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

/** Leads a browser through pages of ours, up to the end. */
type Walk = (page: Page, session: NewSession) => Promise<unknown>

const WALKS: Readonly<Record<string, Walk>> = {
  async 'the happy path'(page, session) {
    await complete(stack, session, await consent(page, session))
    await page.goto(session.connectUrl)
    await page.getByRole('heading', { name: 'Connected' }).waitFor()
  },

  async 'a silent sign-in'(page, session) {
    await consent(page, await stack.newSession())
    await page.goto(session.connectUrl)
    await page.getByRole('button', { name: CONTINUE }).click()
    await landing(page)
  },

  async 'Cancel on our page'(page, session) {
    await page.goto(session.connectUrl)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await landing(page)
    await page.goto(session.connectUrl)
    await seeEnd(page, 'denied')
  },

  async 'Cancel at Samsung'(page, session) {
    await goToSamsung(page, session)
    await decide(page, 'deny')
    await landing(page)
  },

  async 'a callback in the wrong browser'(page, session) {
    const { page: first } = await stack.visit()
    await goToSamsung(first, session)
    const state = new URL(first.url()).searchParams.get('state')
    await page.goto(`${PUBLIC_URL}/callback/emm-eu?code=abc&state=${state}`)
    await seeEnd(page, 'wrong_browser')
  },

  async 'error pages'(page) {
    for (const path of ['/no', '/callback/emm-eu?code=a&code=b&state=c', '/connect/cs_x', '/%']) {
      await page.goto(PUBLIC_URL + path)
      // A callback's page moves on by itself, to the same page.
      if (path.startsWith('/callback/')) await page.waitForURL('**/connect/ended?*')
    }
  },
}

/** The status of an error page is no complaint about what is on it. */
const STATUS = /^Failed to load resource: the server responded with a status of 40[04]/

const aboutPolicy = ({ complaints }: Visit) => complaints.filter((text) => !STATUS.test(text))

describe('no policy is broken, and nobody else is asked, on', () => {
  it.each(Object.keys(WALKS))('%s', async (name) => {
    const visit = await stack.visit()
    const violations = await watchPolicy(visit.context)

    await WALKS[name]?.(visit.page, await stack.newSession())

    expect([...violations, ...aboutPolicy(visit)]).toEqual([])
    const known: readonly string[] = Object.values(HOSTS)
    expect([...visit.hosts].filter((host) => !known.includes(host))).toEqual([])
    await visit.context.close()
  })

  it('the page of a link that has expired', async () => {
    const late = await startBrowserStack({ KNOXGATE_CONNECT_SESSION_LIFETIME: '1ms' })
    try {
      const visit = await late.visit()
      const violations = await watchPolicy(visit.context)
      await visit.page.goto((await late.newSession()).connectUrl)
      await seeEnd(visit.page, 'expired')

      expect([...violations, ...visit.complaints.filter((text) => !/ 410 /.test(text))]).toEqual([])
      expect([...visit.hosts]).toEqual([HOSTS.knoxgate])
    } finally {
      await late.close()
    }
  })
})

/** As it stands in the document: the title that Chromium shows is gone while a form is on its way. */
const titleOf = (page: Page) => page.locator('title').textContent()

const EVIL = `https://${HOSTS.portal}/evil`
const OWNED = "document.title='owned'"

/** Markup that somebody brought in, the rule that it breaks, and what has to be clicked first. */
const INJECTED: readonly (readonly [name: string, markup: string, rule: string, click?: true])[] = [
  ['a script in the page', `<script>${OWNED}</script>`, 'script-src-elem'],
  ['a script from elsewhere', `<script src="${EVIL}.js"></script>`, 'script-src-elem'],
  ['a file of ours as a script', '<script src="/assets/mark.svg"></script>', 'script-src-elem'],
  ['a handler', `<img src="/assets/mark.svg" alt="" onload="${OWNED}">`, 'script-src-attr'],
  ['a script in a link', `<a id="evil" href="javascript:${OWNED}">x</a>`, 'script-src-elem', true],
  ['an image from elsewhere', `<img src="${EVIL}.png" alt="">`, 'img-src'],
  ['an image in its address', '<img src="data:image/gif;base64,R0lGODlh" alt="">', 'img-src'],
  ['a style from elsewhere', `<link rel="stylesheet" href="${EVIL}.css">`, 'style-src-elem'],
  ['a style in the page', '<style>body{display:none}</style>', 'style-src-elem'],
  ['a style at an element', '<p style="position:fixed;inset:0">x</p>', 'style-src-attr'],
  ['a frame', `<iframe src="${EVIL}.html"></iframe>`, 'frame-src'],
  ['an object', `<object data="${EVIL}.swf"></object>`, 'object-src'],
  ['a video', `<video src="${EVIL}.mp4"></video>`, 'media-src'],
  ['another base', `<base href="${EVIL}/">`, 'base-uri'],
  [
    'a form to elsewhere',
    `<form method="post" action="${EVIL}"><button id="evil">x</button></form>`,
    'form-action',
    true,
  ],
]

describe('what somebody brings into a page does nothing, and breaks the policy:', () => {
  /** Opens a page of ours with the markup in it, and waits until it was forbidden. */
  async function expectForbidden(path: string, [, markup, rule, click]: (typeof INJECTED)[number]) {
    const { page, context } = await stack.visit()
    const violations = await watchPolicy(context)
    const url = PUBLIC_URL + path
    await tamperWith(page, url, (html) => html.replace('</main>', `${markup}</main>`))
    await page.goto(url)
    const title = await titleOf(page)
    if (click) await page.locator('#evil').click({ noWaitAfter: true })

    await eventually(() => violations.some(({ directive }) => directive === rule))

    expect([await titleOf(page), page.url()]).toEqual([title, url])
    expect(await page.getByRole('heading', { level: 1 }).isVisible()).toBe(true)
    expect(stack.front.seen.filter(({ target }) => target.startsWith('/evil'))).toEqual([])
    await context.close()
  }

  it.each(INJECTED)('%s', async (...injected) => {
    await expectForbidden(new URL((await stack.newSession()).connectUrl).pathname, injected)
  })

  it('a form on a page that has none, even to ourselves', async () => {
    const form = '<form method="post" action="/connect/x"><button id="evil">x</button></form>'

    await expectForbidden('/connect/ended?cause=used', ['', form, 'form-action', true])
  })
})
