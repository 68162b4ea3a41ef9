import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import {
  type BrowserStack,
  HOSTS,
  PUBLIC_URL,
  startBrowserStack,
} from '../test/support/browser-stack.ts'
import {
  CONTINUE,
  complete,
  consent,
  decide,
  goToSamsung,
  landing,
} from '../test/support/browser-walk.ts'
import { eventually } from '../test/support/eventually.ts'

/*
 * Makes the pictures of docs/images out of the running service: every page of the consent flow, as a
 * phone and as a desk computer show it.
 */

const DIRECTORY = join(import.meta.dirname, '../docs/images')
const VIEWPORTS = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
]
/** The support id on the pages comes from here, so that the same pages make the same pictures. */
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

/** Leads a browser to a page, and stays there. */
type Walk = (stack: BrowserStack, page: Page) => Promise<unknown>

const WALKS: Readonly<Record<string, Walk>> = {
  async confirm(stack, page) {
    await page.goto((await stack.newSession()).connectUrl)
  },

  async 'on-the-way'(stack, page) {
    const { connectUrl } = await stack.newSession()
    // Samsung answers "no content", so the browser stays where it is.
    await page.route(`https://${HOSTS.samsung}/**`, (route) => route.fulfill({ status: 204 }))
    await page.goto(connectUrl)
    await page.getByRole('button', { name: CONTINUE }).click()
    await page.getByRole('link', { name: CONTINUE }).waitFor()
  },

  async connected(stack, page) {
    const session = await stack.newSession()
    await complete(stack, session, await consent(page, session))
    await page.goto(session.connectUrl)
  },

  async denied(stack, page) {
    const session = await stack.newSession()
    await goToSamsung(page, session)
    await decide(page, 'deny')
    await landing(page)
    await page.goto(session.connectUrl)
  },

  async 'wrong-browser'(stack, page) {
    const session = await stack.newSession()
    const { page: first } = await stack.visit()
    await goToSamsung(first, session)
    await page.goto(session.connectUrl)
    await page.getByRole('button', { name: CONTINUE }).click()
    await page.getByRole('heading', { name: 'browser' }).waitFor()
  },

  async error(stack, page) {
    const session = await stack.newSession()
    await goToSamsung(page, session)
    const state = new URL(page.url()).searchParams.get('state')
    const answer = `${PUBLIC_URL}/callback/${stack.stack.programId}?error=server_error&state=${state}`
    await page.goto(answer)
    await landing(page)
    await page.goto(session.connectUrl)
  },
}

const EXPIRED: Readonly<Record<string, Walk>> = {
  async expired(stack, page) {
    const { connectUrl } = await stack.newSession()
    await eventually(async () => (await page.goto(connectUrl))?.status() === 410)
  },
}

async function take(stack: BrowserStack, walks: Readonly<Record<string, Walk>>): Promise<void> {
  for (const [name, walk] of Object.entries(walks)) {
    for (const viewport of VIEWPORTS) {
      const { page, context } = await stack.visit({ viewport })
      await page.setExtraHTTPHeaders({ traceparent: TRACEPARENT })
      await walk(stack, page)
      const file = `${name}-${viewport.width}.png`
      await page.screenshot({ path: join(DIRECTORY, file), fullPage: true })
      await context.close()
      console.log(file)
    }
  }
}

async function withStack(
  env: Readonly<Record<string, string>>,
  walks: Readonly<Record<string, Walk>>,
): Promise<void> {
  const stack = await startBrowserStack(env)
  try {
    await take(stack, walks)
  } finally {
    await stack.close()
  }
}

mkdirSync(DIRECTORY, { recursive: true })
await withStack({}, WALKS)
await withStack({ KNOXGATE_CONNECT_SESSION_LIFETIME: '1ms' }, EXPIRED)
