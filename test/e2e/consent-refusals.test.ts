import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  type BrowserStack,
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
  landing,
  seeEnd,
  statusOf,
} from '../support/browser-walk.ts'

const CALLBACK = `${PUBLIC_URL}/callback/emm-eu`

let stack: BrowserStack
beforeAll(async () => {
  stack = await startBrowserStack()
})
afterAll(() => stack?.close())
beforeEach(() => {
  stack.sandbox.control({
    callbackShape: 'query',
    denial: 'access_denied',
    authServerUrl: null,
    apiServerUrl: null,
  })
})

async function expectDenied(landed: URLSearchParams, session: NewSession): Promise<void> {
  expect(Object.fromEntries(landed)).toEqual({
    connect_session: session.id,
    error: 'access_denied',
  })
  expect(await statusOf(stack, session)).toBe('denied')
}

describe('an administrator who does not want to', () => {
  it('presses Cancel on our page and is back at the portal', async () => {
    const { page, context, complaints } = await stack.visit({ javaScriptEnabled: false })
    const session = await stack.newSession()
    await page.goto(session.connectUrl)

    await page.getByRole('button', { name: 'Cancel' }).click()

    await expectDenied(await landing(page), session)
    expect(complaints).toEqual([])
    expect(await context.cookies(PUBLIC_URL)).toEqual([])
    await page.goBack()
    await seeEnd(page, 'denied')
  })

  it.each([
    ['query', 'access_denied'],
    ['form_post', 'access_denied'],
    ['query', 'closed'],
  ] as const)('denies at Samsung, which says so by %s as %s', async (callbackShape, denial) => {
    stack.sandbox.control({ callbackShape, denial })
    const { page, context, complaints } = await stack.visit()
    const session = await stack.newSession()
    await goToSamsung(page, session)

    await decide(page, 'deny')

    await expectDenied(await landing(page), session)
    expect(complaints).toEqual([])
    expect(await context.cookies(PUBLIC_URL)).toEqual([])
  })

  it('closes Samsung’s page, and what comes back names no session', async () => {
    const { page } = await stack.visit()

    await page.goto(`${CALLBACK}?close=true&closedAction=signInFailed&state=made-by-samsung`)

    await seeEnd(page, 'denied')
  })
})

describe('a callback that cannot be right', () => {
  it('with a state of no session ends on its page', async () => {
    const { page } = await stack.visit()

    await page.goto(`${CALLBACK}?code=abc&state=cs_${'0'.repeat(32)}.${'A'.repeat(22)}`)

    await seeEnd(page, 'unknown_state')
  })

  it('with a guessed state leaves the session alone', async () => {
    const { page } = await stack.visit()
    const session = await stack.newSession()
    await goToSamsung(page, session)
    const other = await page.context().newPage()

    await other.goto(`${CALLBACK}?code=abc&state=${session.id}.${'A'.repeat(22)}`)

    await seeEnd(other, 'unknown_state')
    await decide(page, 'allow')
    expect((await landing(page)).get('result_code')).not.toBeNull()
  })

  it('with a doubled parameter ends on its page', async () => {
    const { page } = await stack.visit()

    await page.goto(`${CALLBACK}?code=abc&code=def&state=xyz`)

    await seeEnd(page, 'invalid_callback')
  })

  it('with an error of Samsung goes to the portal, and the link then says why', async () => {
    const { page } = await stack.visit()
    const session = await stack.newSession()
    await goToSamsung(page, session)
    const state = new URL(page.url()).searchParams.get('state') ?? ''

    await page.goto(`${CALLBACK}?error=server_error&state=${state}`).catch(() => {})

    expect((await landing(page)).get('error')).toBe('server_error')
    await page.goto(session.connectUrl)
    await seeEnd(page, 'provider_error')
  })
})

describe('somebody else’s page', () => {
  it('cannot press Continue', async () => {
    const { page, context } = await stack.visit()
    const session = await stack.newSession()
    await page.goto(session.connectUrl)
    const token = await page.locator('input[name=csrf_token]').inputValue()
    const form = `<form method="post" action="${session.connectUrl}">
<input name="csrf_token" value="${token}"><button name="action" value="continue">Win!</button></form>`
    await page.goto(stack.servePage('/evil', form))

    await page.getByRole('button', { name: 'Win!' }).click()

    await seeEnd(page, 'forbidden_origin')
    expect(await context.cookies(PUBLIC_URL)).toEqual([])
    expect(await statusOf(stack, session)).toBe('pending')
  })

  it('cannot frame ours', async () => {
    const { page, complaints } = await stack.visit()
    const { connectUrl } = await stack.newSession()
    await page.goto(stack.servePage('/frame', `<iframe src="${connectUrl}"></iframe>`))

    expect(complaints).toContainEqual(expect.stringContaining('frame-ancestors'))
    expect(await page.frameLocator('iframe').getByRole('button').count()).toBe(0)
  })
})

it('an attacker’s servers in the callback are never called', async () => {
  let calls = 0
  const attacker = createServer((socket) => {
    calls += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(attacker, 'listening')
  try {
    const host = `127.0.0.1:${(attacker.address() as AddressInfo).port}`
    stack.sandbox.control({ authServerUrl: host, apiServerUrl: host })
    const { page } = await stack.visit()
    const session = await stack.newSession()

    const code = await consent(page, session)
    const { status, body } = await complete(stack, session, code)
    await stack.call('POST', `/v1/connections/${body.id}/token`)

    expect(stack.front.seen.findLast(({ target }) => target.includes('auth_server_url'))).toEqual(
      expect.objectContaining({ target: expect.stringContaining(encodeURIComponent(host)) }),
    )
    expect(status).toBe(200)
    expect(calls).toBe(0)
  } finally {
    attacker.close()
  }
})

it('a page about a session leads back to its portal', async () => {
  const { page } = await stack.visit()
  const session = await stack.newSession()
  await consent(page, session)
  await page.goto(session.connectUrl)
  await seeEnd(page, 'used')

  await page.getByRole('link', { name: 'Back to Acme Console' }).click()

  await page.waitForURL(RETURN_URL)
})
