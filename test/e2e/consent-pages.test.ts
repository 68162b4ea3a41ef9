import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import {
  type BrowserStack,
  HOSTS,
  PUBLIC_URL,
  startBrowserStack,
} from '../support/browser-stack.ts'
import { CONTINUE, complete, consent } from '../support/browser-walk.ts'

const SIZES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 800 },
} as const
const LONG_NAME = `${'Donaudampfschifffahrtsgesellschaft'.repeat(3)} <b>&amp; Söhne</b>`

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

/** Nothing to scroll sideways, one main heading, a support id, and as many forms as there should be. */
async function expectFits(page: Page, width: number, forms: number): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
  expect(await page.locator('form').count()).toBe(forms)
  expect(await page.getByText('Support id').count()).toBe(1)
}

describe.each(['phone', 'desktop'] as const)('on a %s', (size) => {
  const viewport = SIZES[size]

  it('the first page fits, with one form whose first button continues', async () => {
    const { page } = await stack.visit({ viewport })
    const { connectUrl } = await stack.newSession({ tenant_name: LONG_NAME })

    await page.goto(connectUrl)

    await expectFits(page, viewport.width, 1)
    expect(await page.locator('form button').allInnerTexts()).toEqual([CONTINUE, 'Cancel'])
    expect(await page.getByText(LONG_NAME).count()).toBeGreaterThan(0)
  })

  it('the page on the way fits and offers a link of its own', async () => {
    const { page } = await stack.visit({ viewport })
    const { connectUrl } = await stack.newSession()
    // Samsung answers "no content", so the browser stays where it is.
    await page.route(`https://${HOSTS.samsung}/**`, (route) => route.fulfill({ status: 204 }))
    await page.goto(connectUrl)

    await page.getByRole('button', { name: CONTINUE }).click()
    await page.getByRole('heading', { name: 'Taking you to Samsung' }).waitFor()

    await expectFits(page, viewport.width, 0)
    const href = await page.getByRole('link', { name: CONTINUE }).getAttribute('href')
    expect(href).toMatch(`https://${HOSTS.samsung}/accounts/v1/SANDBOX/signInGate?`)
  })

  it('the pages that end an attempt fit', async () => {
    const { page } = await stack.visit({ viewport })
    const session = await stack.newSession({ tenant_name: LONG_NAME })
    const code = await consent(page, session)
    const ends = [session.connectUrl, `${PUBLIC_URL}/callback/emm-eu?state=x`, `${PUBLIC_URL}/no`]

    for (const url of ends) {
      await page.goto(url)
      // A callback's page moves on by itself, to the same page.
      if (url.includes('/callback/')) await page.waitForURL('**/connect/ended?*')
      await expectFits(page, viewport.width, 0)
    }

    await complete(stack, session, code)
    await page.goto(session.connectUrl)
    await expectFits(page, viewport.width, 0)
    expect(await page.title()).toContain('Connected')
  })
})
