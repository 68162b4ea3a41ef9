import type { RequestListener } from 'node:http'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type Call, createCall, createVerifier } from '../../scripts/stack/portal-client.ts'
import { type Stack, startStack } from '../../scripts/stack/stack.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { TOKEN_PATH } from '../../src/sandbox/urls.ts'
import { launchChromium } from './chromium.ts'
import { spreadNet } from './leak-net.ts'
import { forwardTo, startTlsFront, type TlsFront } from './tls-front.ts'

/** Three registrable domains: a portal, its knoxgate and Samsung are never the same site. */
export const HOSTS = {
  portal: 'console.acme.example',
  knoxgate: 'knox.gateway.test',
  samsung: 'account.samsung.test',
} as const

export const PUBLIC_URL = `https://${HOSTS.knoxgate}`
export const RETURN_URL = `https://${HOSTS.portal}/knox/return`

/** How long a page may take on a busy machine; less than a test may, so that it says what it lacks. */
const PATIENCE_MS = 15_000

/** A connect session, and what the portal keeps of it in its user's session. */
export interface NewSession {
  readonly id: string
  readonly connectUrl: string
  readonly verifier: string
}

/** One browser profile with one tab, and everything that went wrong in it. */
export interface Visit {
  readonly context: BrowserContext
  readonly page: Page
  /** Console errors and warnings, script errors, failed requests, broken policies. */
  readonly complaints: readonly string[]
  /** Every host that was asked for anything. */
  readonly hosts: ReadonlySet<string>
}

/** A service, a sandbox and a portal behind TLS, and a browser that knows nothing else. */
export interface BrowserStack {
  readonly stack: Stack
  readonly sandbox: Sandbox
  readonly front: TlsFront
  readonly browser: Browser
  readonly call: Call
  /** Starts a connect session as the portal's backend; `fields` are added to the request. */
  newSession(fields?: Readonly<Record<string, unknown>>): Promise<NewSession>
  /** Makes the portal's site serve a page of its own, or of somebody who got hold of it. */
  servePage(path: string, html: string): string
  /** A new profile: no cookies, nobody signed in. Closed with the stack. */
  visit(options?: BrowserContextOptions): Promise<Visit>
  /** @throws Error when a secret got out meanwhile */
  close(): Promise<void>
}

interface Closable {
  close(): Promise<void>
}
/** Notes that a part was started, so that it is stopped with the others. */
type Keep = <Part extends Closable>(part: Part) => Part
type Parts = Pick<BrowserStack, 'stack' | 'sandbox' | 'front' | 'browser'>

/**
 * Starts all of it, or nothing: a part that stayed behind would keep the test run from ending.
 *
 * @param env - More variables for the service, such as `KNOXGATE_CONNECT_SESSION_LIFETIME`.
 */
export async function startBrowserStack(
  env: Readonly<Record<string, string>> = {},
): Promise<BrowserStack> {
  const started: Closable[] = []
  const keep: Keep = (part) => {
    started.unshift(part)
    return part
  }
  const stop = async () => {
    for (const part of started) await part.close()
  }
  const pages = new Map<string, string>()
  try {
    const parts = await startParts(env, pages, keep)
    const net = await spreadNet(parts.stack)
    const close = async () => {
      await net.beforeEnd()
      await stop()
      await net.afterEnd()
    }
    return { ...parts, ...portalOf(parts, pages), visit: visitorOf(parts), close }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  env: Readonly<Record<string, string>>,
  pages: ReadonlyMap<string, string>,
  keep: Keep,
): Promise<Parts> {
  const publicUrl = `https://${HOSTS.samsung}`
  const sandbox = keep(await createSandbox({ clock: Date.now, publicUrl }))
  const portals = [{ id: 'acme-console', name: 'Acme Console', returnUrl: RETURN_URL }]
  // Browsers reach Samsung by its name, the service by its port.
  const program = {
    samsungAccount: { token_url: `${sandbox.localUrl}${TOKEN_PATH}` },
    knox: { base_url: sandbox.localUrl },
  }
  const stack = keep(await startStack({ sandbox, publicUrl: PUBLIC_URL, portals, program, env }))
  const front = keep(
    await startTlsFront({
      [HOSTS.portal]: portalSite(pages),
      [HOSTS.knoxgate]: forwardTo(stack.url),
      [HOSTS.samsung]: forwardTo(sandbox.localUrl),
    }),
  )
  const { port, certificate } = front
  const hosts = Object.values(HOSTS)
  const browser = keep(await launchChromium({ hosts, port, pin: certificate.pin }))
  return { sandbox, stack, front, browser }
}

/** The portal's backend, and what its site serves. */
function portalOf(
  { stack }: Parts,
  pages: Map<string, string>,
): Pick<BrowserStack, 'call' | 'newSession' | 'servePage'> {
  const call = createCall(stack.url, stack.apiKey())
  let tenants = 0
  return {
    call,

    async newSession(fields) {
      const { verifier, challenge } = createVerifier()
      tenants += 1
      const { status, body } = await call('POST', '/v1/connect-sessions', {
        program: stack.programId,
        tenant_ref: `tenant-${tenants}`,
        tenant_name: 'Fernhill Logistics',
        return_url: RETURN_URL,
        code_challenge: challenge,
        ...fields,
      })
      if (status !== 201) throw new Error(`no session: ${JSON.stringify(body)}`)
      return { id: body.id, connectUrl: body.connect_url, verifier }
    },

    servePage(path, html) {
      pages.set(path, html)
      return `https://${HOSTS.portal}${path}`
    },
  }
}

function visitorOf({ browser }: Parts): BrowserStack['visit'] {
  return async (options) => {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(PATIENCE_MS)
    const hosts = new Set<string>()
    context.on('request', (request) => {
      const { protocol, host } = new URL(request.url())
      if (protocol !== 'data:') hosts.add(host)
    })
    const page = await context.newPage()
    return { context, page, hosts, complaints: await collectComplaints(page) }
  }
}

const WELCOME = '<title>Acme Console</title><h1>Welcome back</h1>'

/** The portal's site: one page for all, but for those that a test brings. */
const portalSite =
  (pages: ReadonlyMap<string, string>): RequestListener =>
  ({ url = '' }, res) => {
    res.setHeader('content-type', 'text/html')
    res.end(`<!doctype html><link rel="icon" href="data:,">${pages.get(url) ?? WELCOME}`)
  }

async function collectComplaints(page: Page): Promise<readonly string[]> {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // A page that moves on at once leaves its picture behind.
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${reason}`)
  })
  // Chromium reports a broken policy here also where no script may run.
  const devtools = await page.context().newCDPSession(page)
  devtools.on('Audits.issueAdded', ({ issue }) => {
    const { contentSecurityPolicyIssueDetails: broken } = issue.details
    if (broken !== undefined) complaints.push(`policy broken: ${broken.violatedDirective}`)
  })
  await devtools.send('Audits.enable')
  return complaints
}
