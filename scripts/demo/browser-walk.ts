import { ACCOUNTS } from '../../src/sandbox/accounts.ts'
import { createHttpBrowser, type Page } from '../stack/http-browser.ts'
import { expectEqual, expectPage } from './expect.ts'
import type { Demo } from './start.ts'

/** The customer of the walk, as the example portal knows them, and who signs in for them. */
export const CUSTOMER = {
  ref: 'cust-1001',
  name: 'Fernhill Logistics',
  administrator: ACCOUNTS.ada,
}

/** The customer's browser, and what it does in the portal, at knoxgate and at Samsung. */
export interface BrowserWalk {
  /** Presses a button of the customer on a page of the portal; on its home page if none is given. */
  press(action: string, on?: Page): Promise<Page>
  openHome(): Promise<Page>
  open(url: string): Promise<Page>
  /** Presses connect: the browser is sent to this `connect_url`. */
  startConnecting(on?: Page): Promise<string>
  /** Presses continue on knoxgate's page, then allow at Samsung: the portal's return URL. */
  allow(consentPage: Page): Promise<string>
}

/** Opens a browser with an empty cookie jar. */
export function createBrowserWalk({ portal, publicUrl, sandbox }: Demo): BrowserWalk {
  const browser = createHttpBrowser()
  const openHome = () => browser.open(`${portal.url}/`)
  const isReturn = (url: string) => url.startsWith(`${portal.url}/knox/return?`)

  async function press(action: string, on?: Page, until?: (url: string) => boolean): Promise<Page> {
    const page = on ?? (await openHome())
    return browser.submit(page, `/customers/${CUSTOMER.ref}/${action}`, until)
  }

  return {
    openHome,
    open: (url) => browser.open(url),
    press: (action, on) => press(action, on),

    async startConnecting(on) {
      const isConnectUrl = (url: string) => url.startsWith(`${publicUrl}/connect/`)
      const { url, status } = await press('connect', on, isConnectUrl)
      expectEqual('connect sends the browser to connect_url', isConnectUrl(url) && status, 303)
      return url
    },

    async allow(consentPage) {
      const onTheWay = await browser.press(consentPage, { name: 'action', value: 'continue' })
      const signIn = await browser.follow(onTheWay, isReturn)
      expectEqual('continue leads to Samsung', new URL(signIn.url).origin, sandbox.url)
      expectPage(signIn, 200, CUSTOMER.administrator.name)
      const decision = { name: 'allow', value: CUSTOMER.administrator.id }
      const { url } = await browser.press(signIn, decision, isReturn)
      expectEqual('Samsung’s answer leads back to the portal', isReturn(url), true)
      return url
    },
  }
}
