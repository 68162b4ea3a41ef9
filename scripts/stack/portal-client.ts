import { createHash, randomBytes } from 'node:crypto'
import { createHttpBrowser, type HttpBrowser, type Page } from './http-browser.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, whose shape is what the caller checks
  readonly body: any
}

/** Calls `/v1` as a portal's backend would. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** @param url - Origin of a service. */
export function createCall(url: string, apiKey: string): Call {
  return async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const { status, headers } = response
    return { status, headers, body: text === '' ? null : JSON.parse(text) }
  }
}

/** A PKCE pair as a portal keeps it in its user's session (RFC 7636 §4). */
export function createVerifier(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export interface ConsentOptions {
  readonly call: Call
  readonly program: string
  readonly tenantRef: string
  readonly returnUrl: string
  readonly administrator?: 'ada' | 'ben'
  readonly decision?: 'allow' | 'deny'
  /** More fields of the connect session. */
  readonly session?: Readonly<Record<string, unknown>>
  readonly browser?: HttpBrowser
}

/** Everything one walk through consent left behind. */
export interface Consented {
  readonly session: Answer
  /** The page on which the browser ended; its URL carries the result. */
  readonly landed: Page
  readonly resultCode: string | null
  readonly verifier: string
  readonly browser: HttpBrowser
}

/** Walks from a new connect session to the portal's return URL, as the customer's browser. */
export async function consent(options: ConsentOptions): Promise<Consented> {
  const { call, returnUrl, administrator = 'ada', decision = 'allow' } = options
  const browser = options.browser ?? createHttpBrowser()
  const { verifier, challenge } = createVerifier()
  const session = await call('POST', '/v1/connect-sessions', {
    program: options.program,
    tenant_ref: options.tenantRef,
    return_url: returnUrl,
    code_challenge: challenge,
    ...options.session,
  })
  if (session.status !== 201) throw new Error(`no session: ${JSON.stringify(session.body)}`)
  const home = (url: string) => url.startsWith(returnUrl)
  const confirm = await browser.open(session.body.connect_url)
  const onTheWay = await browser.press(confirm, { name: 'action', value: 'continue' })
  let landed = await browser.follow(onTheWay, home)
  if (!home(landed.url)) {
    landed = await browser.press(landed, { name: decision, value: administrator }, home)
    // A callback that Samsung posts goes through a page of its own.
    if (!home(landed.url)) landed = await browser.press(landed, { name: 'go', value: '1' }, home)
  }
  const resultCode = new URL(landed.url).searchParams.get('result_code')
  return { session, landed, resultCode, verifier, browser }
}

/** Walks through consent and completes it: the new connection. */
export async function connect(options: ConsentOptions): Promise<Answer> {
  const { session, landed, resultCode, verifier } = await consent(options)
  if (resultCode === null) throw new Error(`no result code at ${landed.url}: ${landed.status}`)
  const path = `/v1/connect-sessions/${session.body.id}/complete`
  return options.call('POST', path, { result_code: resultCode, code_verifier: verifier })
}
