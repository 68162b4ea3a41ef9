import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { axeFindings } from '../support/axe.ts'
import {
  type BrowserStack,
  HOSTS,
  type NewSession,
  PUBLIC_URL,
  startBrowserStack,
} from '../support/browser-stack.ts'
import { CONTINUE, complete, consent, goToSamsung } from '../support/browser-walk.ts'
import { stayOnTheWay } from '../support/page-watch.ts'

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
] as const
const SCHEMES = ['light', 'dark'] as const

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

/** Every reason that the page at the end of a callback can give. */
const CAUSES = [
  'denied',
  'late',
  'used',
  'wrong_browser',
  'unknown_state',
  'invalid_callback',
  'provider_error',
  'frozen',
  'not_found',
  'bad_request',
] as const

const ended = (cause: (typeof CAUSES)[number]) => `${PUBLIC_URL}/connect/ended?cause=${cause}`

/** Leads a browser to a page of ours, and stays there. */
type Lead = (page: Page, session: NewSession) => Promise<unknown>

const ours: Readonly<Record<string, Lead>> = {
  'the first page': (page, { connectUrl }) => page.goto(connectUrl),

  async 'the first page without an organisation'(page) {
    await page.goto((await stack.newSession({ tenant_name: undefined })).connectUrl)
  },

  async 'the first page when another account may come'(page, session) {
    const made = await complete(stack, session, await consent(page, session))
    const again = { connection_id: made.body.id, allow_account_change: true }
    const tenant = { tenant_ref: made.body.tenant_ref }
    await page.goto((await stack.newSession({ ...tenant, ...again })).connectUrl)
    await page.getByRole('note').waitFor()
  },

  async 'the page on the way to Samsung'(page, { connectUrl }) {
    await stayOnTheWay(page, connectUrl)
    await page.goto(connectUrl)
    await page.getByRole('button', { name: CONTINUE }).click()
    await page.getByRole('link', { name: CONTINUE }).waitFor()
  },

  async 'the page on the way back to the portal'(page, { connectUrl }) {
    await stayOnTheWay(page, connectUrl)
    await page.goto(connectUrl)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('link', { name: 'Continue to Acme Console' }).waitFor()
  },

  async 'the page on the way, as it moves on'(page, { connectUrl }) {
    // Samsung answers "no content", so the browser stays where it is.
    await page.route(`https://${HOSTS.samsung}/**`, (route) => route.fulfill({ status: 204 }))
    await page.goto(connectUrl)
    await page.getByRole('button', { name: CONTINUE }).click()
    await page.getByRole('link', { name: CONTINUE }).waitFor()
  },

  async 'the page of a connection'(page, session) {
    await complete(stack, session, await consent(page, session))
    await page.goto(session.connectUrl)
    await page.getByRole('heading', { name: 'Connected' }).waitFor()
  },

  ...Object.fromEntries(
    CAUSES.map((cause): readonly [string, Lead] => [
      `the end by ${cause}`,
      (page) => page.goto(ended(cause)),
    ]),
  ),

  // One of each mood.
  ...Object.fromEntries(
    (['denied', 'late', 'wrong_browser'] as const).map((cause): readonly [string, Lead] => [
      `the end by ${cause} of a session`,
      (page, { id }) => page.goto(`${ended(cause)}&session=${id}`),
    ]),
  ),

  'an address that leads nowhere': (page) => page.goto(`${PUBLIC_URL}/no`),
}

const samsungs: Readonly<Record<string, Lead>> = {
  'the front page': (page) => page.goto(`https://${HOSTS.samsung}/`),
  'the sign-in': goToSamsung,
  'a refusal': (page) => page.goto(`https://${HOSTS.samsung}/accounts/v1/SANDBOX/signInGate`),
}

describe.each([
  ['our pages', ours],
  ['the sandbox’s pages', samsungs],
])('on %s axe finds nothing, whatever the size and the colours:', (_, leads) => {
  it.each(Object.keys(leads))('%s', async (name) => {
    const { page, context } = await stack.visit()
    await leads[name]?.(page, await stack.newSession())

    for (const size of SIZES)
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize(size)
        await page.emulateMedia({ colorScheme })
        expect([name, size.width, colorScheme, await axeFindings(page)]).toEqual([
          name,
          size.width,
          colorScheme,
          [],
        ])
      }
    await context.close()
  })
})

it('axe is really there, and finds what is wrong', async () => {
  const { page, context } = await stack.visit()
  await page.goto((await stack.newSession()).connectUrl)
  await page.evaluate("document.querySelector('h1').outerHTML = '<img src=x><h3></h3>'")

  const rules = (await axeFindings(page)).map((finding) => finding.split(' ')[0])

  expect(rules).toEqual(expect.arrayContaining(['image-alt', 'empty-heading']))
  await context.close()
})
