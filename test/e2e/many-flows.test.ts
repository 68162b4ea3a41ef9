import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { MAX_FLOWS } from '../../src/consent/flow-cookies.ts'
import {
  type BrowserStack,
  type NewSession,
  PUBLIC_URL,
  startBrowserStack,
} from '../support/browser-stack.ts'
import { complete, consent, goToSamsung, seeEnd } from '../support/browser-walk.ts'

const FLOWS = 100

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())

const newSessions = (count: number): Promise<readonly NewSession[]> =>
  Promise.all(Array.from({ length: count }, () => stack.newSession()))

/** What one browser does that presses Continue on many pages at the same moment. */
const PRESS_ALL = `async (paths) => {
  const press = async (path) => {
    const page = new DOMParser().parseFromString(await (await fetch(path)).text(), 'text/html')
    const csrf_token = page.querySelector('[name=csrf_token]').value
    const body = new URLSearchParams({ csrf_token, action: 'continue' })
    return (await fetch(path, { method: 'POST', body })).status
  }
  return Promise.all(paths.map(press))
}`

it('a hundred attempts in one browser at the same moment are no attempt too many for the next', async () => {
  // Only here may the page itself ask: the policy would not let it.
  const { page, context } = await stack.visit({ bypassCSP: true })
  const sessions = await newSessions(FLOWS)
  await page.goto(`${PUBLIC_URL}/no`)
  const paths = sessions.map(({ connectUrl }) => new URL(connectUrl).pathname)

  const statuses = await page.evaluate(`(${PRESS_ALL})(${JSON.stringify(paths)})`)
  const [last] = await newSessions(1)
  if (last === undefined) throw new Error('no session')
  const code = await consent(page, last)

  expect(statuses).toEqual(paths.map(() => 200))
  // None of the hundred knew of the others; the next one made room, and is done with by now.
  const cookies = await context.cookies(PUBLIC_URL)
  expect(cookies).toHaveLength(MAX_FLOWS - 1)
  for (const { name, value } of cookies) expect(name.length + value.length).toBeLessThan(4096)
  expect((await complete(stack, last, code)).status).toBe(200)
})

it('one after the other, the oldest attempt gives way, and is told to start again', async () => {
  const { page, context } = await stack.visit()
  const sessions = await newSessions(MAX_FLOWS + 1)
  const states: string[] = []
  for (const session of sessions) {
    await goToSamsung(page, session)
    states.push(new URL(page.url()).searchParams.get('state') ?? '')
  }

  const back = (at: number) => page.goto(`${PUBLIC_URL}/callback/emm-eu?code=x&state=${states[at]}`)

  expect(await context.cookies(PUBLIC_URL)).toHaveLength(MAX_FLOWS)
  await back(0)
  await seeEnd(page, 'wrong_browser')
  await back(1)
  expect(page.url()).toContain('result_code=')
})

it('a cookie that somebody planted is not taken over', async () => {
  const { page, context } = await stack.visit()
  const session = await stack.newSession()
  const name = `__Host-kg_${session.id.slice('cs_'.length)}`
  const planted = 'A'.repeat(43)
  await context.addCookies([
    { name, value: planted, url: PUBLIC_URL, secure: true, httpOnly: true },
  ])

  await goToSamsung(page, session)

  const [cookie] = await context.cookies(PUBLIC_URL)
  expect(cookie).toMatchObject({ name, value: expect.stringMatching(/^[\w-]{43}$/) })
  expect(cookie?.value).not.toBe(planted)
})
