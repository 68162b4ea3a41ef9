import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import {
  type BrowserStack,
  HOSTS,
  PUBLIC_URL,
  RETURN_URL,
  startBrowserStack,
} from '../support/browser-stack.ts'
import {
  CONTINUE,
  complete,
  consent,
  landing,
  resultCode,
  statusOf,
} from '../support/browser-walk.ts'
import { stayOnTheWay } from '../support/page-watch.ts'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

interface Focus {
  readonly text: string
  readonly ring: string
  readonly ringPixels: number
  /** Whether all of it, ring included, is within the window. */
  readonly isInSight: boolean
}

const FOCUS = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return null
  const { outlineStyle, outlineWidth } = getComputedStyle(element)
  const { top, bottom, left, right } = element.getBoundingClientRect()
  return {
    text: element.innerText,
    ring: element.matches(':focus-visible') ? outlineStyle : 'none',
    ringPixels: parseFloat(outlineWidth),
    isInSight: top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth,
  }
})()`

/** Presses Tab until the focus has left the page; what had it, in this order. */
async function tabThrough(page: Page, key = 'Tab'): Promise<readonly Focus[]> {
  const seen: Focus[] = []
  for (;;) {
    await page.keyboard.press(key)
    const focus: Focus | null = await page.evaluate(FOCUS)
    if (focus === null || seen.length > 20) return seen
    seen.push(focus)
  }
}

/** Everything that can be operated is reached, in the order it is read in, with a ring to be seen. */
async function expectReachable(page: Page, controls: readonly string[]): Promise<void> {
  const inPage = page.locator(
    'a[href], button, input:not([type=hidden]), select, textarea, summary',
  )
  expect(await inPage.allInnerTexts()).toEqual(controls)
  const seen = await tabThrough(page)
  expect(seen.map(({ text }) => text)).toEqual(controls)
  for (const focus of seen) {
    expect(focus).toMatchObject({ ring: 'solid', isInSight: true })
    expect(focus.ringPixels).toBeGreaterThanOrEqual(2)
  }
}

describe.each([
  ['a phone', { width: 390, height: 844 }],
  ['a desk computer', { width: 1280, height: 900 }],
])('on %s', (_, viewport) => {
  it('every control of every page is reached by Tab, with a visible ring', async () => {
    const { page, context } = await stack.visit({ viewport })
    const session = await stack.newSession()
    await stayOnTheWay(page, session.connectUrl)
    await page.goto(session.connectUrl)
    await expectReachable(page, [CONTINUE, 'Cancel'])

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: CONTINUE }).waitFor()
    await expectReachable(page, [CONTINUE])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(`https://${HOSTS.samsung}/**`)

    await page.goto(`${PUBLIC_URL}/connect/ended?cause=late&session=${session.id}`)
    await expectReachable(page, ['Back to Acme Console'])
    await page.goto(`${PUBLIC_URL}/no`)
    await expectReachable(page, [])

    const other = await stack.newSession()
    await complete(stack, other, await consent(page, other))
    await page.goto(other.connectUrl)
    await expectReachable(page, ['Back to Acme Console'])
    await context.close()
  })
})

describe('without a mouse', () => {
  it.each(['Enter', 'Space'])('an administrator continues by %s, to the end', async (key) => {
    const { page, context } = await stack.visit()
    // Known to Samsung already: all that is left is ours.
    await consent(page, await stack.newSession())
    const session = await stack.newSession()
    await page.goto(session.connectUrl)

    await page.keyboard.press('Tab')
    await page.keyboard.press(key)

    const code = resultCode(await landing(page), session)
    await complete(stack, session, code)
    await page.goto(session.connectUrl)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(RETURN_URL)
    await context.close()
  })

  it.each(['Enter', 'Space'])('an administrator cancels by %s', async (key) => {
    const { page, context } = await stack.visit()
    const session = await stack.newSession()
    await page.goto(session.connectUrl)

    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press(key)

    expect((await landing(page)).get('error')).toBe('access_denied')
    expect(await statusOf(stack, session)).toBe('denied')
    await context.close()
  })

  it('the way back by Shift+Tab is the way there, turned round', async () => {
    const { page, context } = await stack.visit()
    await page.goto((await stack.newSession()).connectUrl)

    const seen = await tabThrough(page, 'Shift+Tab')

    expect(seen.map(({ text }) => text)).toEqual(['Cancel', CONTINUE])
    await context.close()
  })

  it('an administrator decides on the sandbox’s page', async () => {
    const { page, context } = await stack.visit()
    const session = await stack.newSession()
    await page.goto(session.connectUrl)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(`https://${HOSTS.samsung}/**`)

    await expectReachable(page, ['Allow', 'Deny', 'Allow', 'Deny'])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')

    resultCode(await landing(page), session)
    await context.close()
  })
})

it('a page that is made four times as large has nothing to scroll sideways', async () => {
  // 1280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10).
  const { page, context } = await stack.visit({ viewport: { width: 320, height: 256 } })
  const session = await stack.newSession({ tenant_name: 'Donaudampfschifffahrt'.repeat(4) })
  const urls = [session.connectUrl, `${PUBLIC_URL}/connect/ended?cause=late&session=${session.id}`]

  for (const url of urls) {
    await page.goto(url)
    expect([url, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([url, 320])
  }
  await context.close()
})
