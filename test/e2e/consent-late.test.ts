import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BrowserStack, PUBLIC_URL, startBrowserStack } from '../support/browser-stack.ts'
import { decide, goToSamsung, seeEnd, statusOf } from '../support/browser-walk.ts'
import { eventually } from '../support/eventually.ts'

/** Long enough to get to Samsung on a busy machine, short enough to wait for. */
const LIFETIME = '6s'

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack({ KNOXGATE_CONNECT_SESSION_LIFETIME: LIFETIME })
})
afterAll(() => stack?.close())

describe('a session whose time is over', () => {
  it('ends on a page for the link, for Continue and for the way back from Samsung', async () => {
    const { page: atSamsung, context } = await stack.visit()
    const [atTheLink, reader] = [await context.newPage(), await context.newPage()]
    const session = await stack.newSession()
    await goToSamsung(atSamsung, session)
    await reader.goto(session.connectUrl)

    await eventually(async () => (await statusOf(stack, session)) === 'expired')
    await atTheLink.goto(session.connectUrl)
    await reader.getByRole('button', { name: 'Continue' }).click()
    await decide(atSamsung, 'allow')

    await seeEnd(atTheLink, 'expired')
    await seeEnd(reader, 'expired')
    await seeEnd(atSamsung, 'late')
    expect(await statusOf(stack, session)).toBe('expired')
    // It lives as long as the session, counted from Continue.
    await eventually(async () => (await context.cookies(PUBLIC_URL)).length === 0)
    expect(stack.sandbox.record().spent.codes).toBe(0)
  })
})
