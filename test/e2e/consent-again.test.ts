import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { type BrowserStack, PUBLIC_URL, startBrowserStack } from '../support/browser-stack.ts'
import {
  CONTINUE,
  complete,
  consent,
  decide,
  goToSamsung,
  landing,
  resultCode,
  seeEnd,
  statusOf,
} from '../support/browser-walk.ts'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())
beforeEach(() => void stack.sandbox.control({ callbackShape: 'query' }))

/** The address by which Samsung last sent a browser back to us. */
function lastReturn(): string {
  const seen = stack.front.seen.findLast(
    ({ method, target }) => method === 'GET' && target.startsWith('/callback/'),
  )
  return `${PUBLIC_URL}${seen?.target}`
}

describe('a sign-in that is over', () => {
  it('cannot be used again with the back button; once completed, the page says connected', async () => {
    const { page } = await stack.visit()
    const session = await stack.newSession()
    const code = await consent(page, session)

    // Samsung knows the administrator by now and sends the browser on at once, with the old state.
    await page.goBack()

    await seeEnd(page, 'used')
    const { status } = await complete(stack, session, code)
    expect(status).toBe(200)
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Connected' }).waitFor()
  })

  it.each(['query', 'form_post'] as const)(
    'cannot be used again by reloading the callback (%s)',
    async (callbackShape) => {
      stack.sandbox.control({ callbackShape })
      const { page } = await stack.visit()
      const session = await stack.newSession()
      const code = await consent(page, session)

      await page.goto(lastReturn())

      await seeEnd(page, 'used')
      expect((await complete(stack, session, code)).status).toBe(200)
    },
  )
})

describe('two tabs of one browser', () => {
  it('the one that finishes first wins, and the other is told', async () => {
    const { page: first, context } = await stack.visit()
    const second = await context.newPage()
    const session = await stack.newSession()
    await goToSamsung(first, session)
    await goToSamsung(second, session)

    await decide(second, 'allow')
    const code = resultCode(await landing(second), session)
    await decide(first, 'allow')

    await seeEnd(first, 'used')
    expect((await complete(stack, session, code)).status).toBe(200)
  })

  it('the first may finish after the second has begun', async () => {
    const { page: first, context } = await stack.visit()
    const second = await context.newPage()
    const session = await stack.newSession()
    await goToSamsung(first, session)
    await goToSamsung(second, session)

    await decide(first, 'allow')

    const code = resultCode(await landing(first), session)
    expect((await complete(stack, session, code)).status).toBe(200)
  })

  it('do not mix two sessions up', async () => {
    const { page: first, context } = await stack.visit()
    const second = await context.newPage()
    const [one, two] = [await stack.newSession(), await stack.newSession()]
    await goToSamsung(first, one)
    await goToSamsung(second, two)

    await decide(second, 'allow')
    const codeOfTwo = resultCode(await landing(second), two)
    await decide(first, 'allow')
    const codeOfOne = resultCode(await landing(first), one)

    expect((await complete(stack, one, codeOfTwo)).status).toBe(422)
    expect((await complete(stack, one, codeOfOne)).status).toBe(200)
    expect((await complete(stack, two, codeOfTwo)).status).toBe(200)
  })
})

describe('another browser', () => {
  /** The browser that began goes on as if nothing had happened. */
  async function finishes(page: Page, session: Parameters<typeof complete>[1]): Promise<void> {
    expect(await statusOf(stack, session)).toBe('pending')
    await decide(page, 'allow')
    const code = resultCode(await landing(page), session)
    expect((await complete(stack, session, code)).status).toBe(200)
  }

  it('cannot press Continue after the first has', async () => {
    const [first, other] = [await stack.visit(), await stack.visit()]
    const session = await stack.newSession()
    await goToSamsung(first.page, session)

    await other.page.goto(session.connectUrl)
    await other.page.getByRole('button', { name: CONTINUE }).click()

    await seeEnd(other.page, 'wrong_browser')
    expect(await other.context.cookies(PUBLIC_URL)).toEqual([])
    await finishes(first.page, session)
  })

  it('cannot press Cancel after the first has pressed Continue', async () => {
    const [first, other] = [await stack.visit(), await stack.visit()]
    const session = await stack.newSession()
    await goToSamsung(first.page, session)

    await other.page.goto(session.connectUrl)
    await other.page.getByRole('button', { name: 'Cancel' }).click()

    await seeEnd(other.page, 'wrong_browser')
    await finishes(first.page, session)
  })

  it.each(['query', 'form_post'] as const)(
    'cannot bring the callback, which is not used up by that (%s)',
    async (callbackShape) => {
      stack.sandbox.control({ callbackShape })
      const [first, other] = [await stack.visit(), await stack.visit()]
      const session = await stack.newSession()
      await goToSamsung(first.page, session)

      await other.page.goto(first.page.url())
      await decide(other.page, 'allow', 'ben')

      await seeEnd(other.page, 'wrong_browser')
      await finishes(first.page, session)
    },
  )

  it('cannot deny for the first', async () => {
    const [first, other] = [await stack.visit(), await stack.visit()]
    const session = await stack.newSession()
    await goToSamsung(first.page, session)

    await other.page.goto(first.page.url())
    await decide(other.page, 'deny')

    await seeEnd(other.page, 'wrong_browser')
    await finishes(first.page, session)
  })
})
