import { type BrowserWalk, CUSTOMER, createBrowserWalk } from './browser-walk.ts'
import { expectEqual, expectPage } from './expect.ts'
import type { Demo } from './start.ts'
import type { Step } from './steps.ts'
import { walkTokens } from './walk-tokens.ts'
import { walkTroubles } from './walk-troubles.ts'

/** What a step of the walk works with. */
export interface Walk {
  readonly demo: Demo
  readonly step: Step
  readonly browser: BrowserWalk
  /** The connection as `/v1` shows it. */
  connection(): Promise<Readonly<Record<string, unknown>>>
}

/**
 * Walks the whole job over HTTP, as the customer's browser and as the portal's backend.
 *
 * @throws Unexpected from the first step that does not come out as it should.
 */
export async function walk(demo: Demo, step: Step): Promise<void> {
  const browser = createBrowserWalk(demo)
  const all: Walk = { demo, step, browser, connection: () => readConnection(demo) }
  await walkConsent(all)
  await walkTokens(all)
  await walkTroubles(all)
}

async function readConnection({ call, stack }: Demo) {
  const query = new URLSearchParams({ program: stack.programId, tenant_ref: CUSTOMER.ref })
  const { body } = await call('GET', `/v1/connections?${query}`)
  return body.data[0] ?? {}
}

async function walkConsent({ demo, step, browser, connection }: Walk): Promise<void> {
  const { partnerId } = demo.sandbox.registration.knox
  let url = ''
  let page = await browser.openHome()

  await step('session created', async () => {
    expectPage(page, 200, CUSTOMER.name, 'not connected', 'Connect Samsung Knox')
    url = await browser.startConnecting(page)
    return `${url.split('/').at(-1)} for ${CUSTOMER.name}`
  })
  await step('consent page shown', async () => {
    page = await browser.open(url)
    expectPage(page, 200, 'Acme Console', CUSTOMER.name, partnerId, 'Continue to Samsung')
    return `names Acme Console, ${CUSTOMER.name} and partner ID ${partnerId}`
  })
  await step('consent given', async () => {
    url = await browser.allow(page)
    return `${CUSTOMER.administrator.name} signed in at Samsung (the sandbox) and allowed it`
  })
  await step('tokens sealed, connection active', async () => {
    page = await browser.open(url)
    expectPage(page, 200, `Connected by ${CUSTOMER.administrator.email}`)
    const { id, status, renewable } = await connection()
    expectEqual('the connection', { status, renewable }, { status: 'active', renewable: true })
    expectEqual('Samsung’s tokens seen outside', await leaks(demo, page.html), 0)
    return `${id}; none of Samsung’s tokens in a page, an answer or the log`
  })
}

/** How many of Samsung Account's tokens can be read where none may be. */
async function leaks(demo: Demo, html: string): Promise<number> {
  const { accessTokens, refreshTokens } = demo.sandbox.state
  const answer = JSON.stringify(await readConnection(demo))
  const logs = demo.stack.services.map((service) => service.output())
  const seen = [html, answer, demo.portal.output(), ...logs].join('\n')
  const tokens = [...accessTokens.keys(), ...refreshTokens.keys()]
  expectEqual('Samsung issued tokens', tokens.length >= 2, true)
  return tokens.filter((token) => seen.includes(token)).length
}
