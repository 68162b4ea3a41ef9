import { createHttpBrowser } from '../../scripts/stack/http-browser.ts'
import { connect, consent, createCall, createVerifier } from '../../scripts/stack/portal-client.ts'
import type { BrakedStack } from './braked-stack.ts'
import { expire } from './stored-connection.ts'

/** What came back, as far as every answer to a lost store is the same. */
export interface Seen {
  readonly status: number
  /** Of a page: `store_unavailable` when it is the one that says to try again in a moment. */
  readonly code?: string
  readonly retryAfter: string | null
}

/** A request that is about to be made. */
export interface Journey {
  ask(): Promise<Seen>
  /** Whether all is well again, once the store is back. */
  recovered?(): Promise<boolean>
}

const RETURN_URL = 'http://localhost:3999/knox/return'
const FEW = { id: 'few', name: 'Few', returnUrl: RETURN_URL }

/** The portals that journeys are made for. */
export const JOURNEY_PORTALS = [{ id: 'many', name: 'Many', returnUrl: RETURN_URL }, FEW]

/** Requests to every route that needs the store: each call prepares one, on things of its own. */
export function journeysOf({ stack, call, db }: BrakedStack) {
  const few = createCall(stack.url, stack.apiKey(FEW.id))
  let listed: Promise<unknown> | undefined
  let tenants = 0
  const wish = () => ({
    call,
    program: stack.programId,
    tenantRef: `tenant-${tenants++}`,
    returnUrl: RETURN_URL,
  })

  async function api(method: string, path: string, body?: unknown, by = call): Promise<Seen> {
    const answer = await by(method, path, body)
    const retryAfter = answer.headers.get('retry-after')
    return { status: answer.status, code: answer.body?.code, retryAfter }
  }

  async function page(url: string, init: RequestInit = {}): Promise<Seen> {
    const answer = await fetch(url, { ...init, redirect: 'manual' })
    const isAway = (await answer.text()).includes('Please try again in a moment')
    const retryAfter = answer.headers.get('retry-after')
    return {
      status: answer.status,
      ...(isAway ? { code: 'store_unavailable' } : {}),
      retryAfter,
    }
  }

  const post = (url: string, fields: URLSearchParams, headers: Record<string, string> = {}) =>
    page(url, { method: 'POST', body: fields, headers })

  async function connected(by = call): Promise<string> {
    const made = await connect({ ...wish(), call: by })
    if (made.status !== 200) throw new Error(`not connected: ${JSON.stringify(made.body)}`)
    return made.body.id
  }

  function token(id: string, body?: unknown): Journey {
    const path = `/v1/connections/${id}/token`
    return {
      ask: () => api('POST', path, body),
      recovered: async () => (await api('POST', path)).status === 200,
    }
  }

  async function pending(): Promise<string> {
    const { program, tenantRef: tenant_ref, returnUrl: return_url } = wish()
    const { challenge: code_challenge } = createVerifier()
    const body = { program, tenant_ref, return_url, code_challenge }
    return (await call('POST', '/v1/connect-sessions', body)).body.connect_url
  }

  /** A browser on its way back from Samsung: where it goes, and its cookie. */
  async function comingBack() {
    const browser = createHttpBrowser()
    const confirm = await browser.open(await pending())
    const onTheWay = await browser.press(confirm, { name: 'action', value: 'continue' })
    const signIn = await browser.follow(onTheWay)
    const isBack = (url: string) => url.includes('/callback/')
    const back = await browser.press(signIn, { name: 'allow', value: 'ada' }, isBack)
    const url = new URL(back.url)
    const [pair] = browser.cookies.get(url.host) ?? []
    return { url, cookie: pair?.join('=') ?? '' }
  }

  /** Posted by Samsung's page: no cookie comes along. */
  const posted = ({ url }: { readonly url: URL }) =>
    fetch(url.origin + url.pathname, {
      method: 'POST',
      body: url.searchParams,
      redirect: 'manual',
    })

  return {
    api,
    connected,
    token,

    async tokenAtHand() {
      const journey = token(await connected())
      await journey.ask()
      return journey
    },
    firstToken: async () => token(await connected()),
    tokenOfCertainLife: async () => token(await connected(), { min_ttl_seconds: 100 }),
    async renewal() {
      const id = await connected()
      await expire(db, id)
      return token(id)
    },
    async verify(): Promise<Journey> {
      const id = await connected()
      return { ask: () => api('POST', `/v1/connections/${id}/verify`) }
    },
    async connection(): Promise<Journey> {
      const id = await connected()
      return { ask: () => api('GET', `/v1/connections/${id}`) }
    },
    /** Of a portal with two connections: a list asks once for each. */
    async list(): Promise<Journey> {
      listed ??= Promise.all([connected(few), connected(few)])
      await listed
      return { ask: () => api('GET', '/v1/connections', undefined, few) }
    },
    async listOfOne(): Promise<Journey> {
      const { tenantRef } = wish()
      await connect({ ...wish(), tenantRef })
      return { ask: () => api('GET', `/v1/connections?tenant_ref=${tenantRef}`) }
    },
    async deletion(): Promise<Journey> {
      const id = await connected()
      return { ask: () => api('DELETE', `/v1/connections/${id}`) }
    },
    async newSession(): Promise<Journey> {
      const { program, tenantRef: tenant_ref, returnUrl: return_url } = wish()
      const body = { program, tenant_ref, return_url, code_challenge: 'c'.repeat(43) }
      return { ask: () => api('POST', '/v1/connect-sessions', body) }
    },
    async session(): Promise<Journey> {
      const id = new URL(await pending()).pathname.split('/').at(-1)
      return { ask: () => api('GET', `/v1/connect-sessions/${id}`) }
    },
    async completion(): Promise<Journey> {
      const { session, resultCode, verifier } = await consent(wish())
      const proof = { result_code: resultCode, code_verifier: verifier }
      const ask = () => api('POST', `/v1/connect-sessions/${session.body.id}/complete`, proof)
      return { ask, recovered: async () => (await ask()).status === 200 }
    },

    async confirmPage(): Promise<Journey> {
      const url = await pending()
      return { ask: () => page(url) }
    },
    async pressContinue(): Promise<Journey> {
      const url = await pending()
      const html = await (await fetch(url)).text()
      const [, csrf = ''] = /name="csrf_token" value="([^"]+)"/.exec(html) ?? []
      const fields = new URLSearchParams({ csrf_token: csrf, action: 'continue' })
      return { ask: () => post(url, fields, { origin: new URL(url).origin }) }
    },
    async callback(): Promise<Journey> {
      const { url, cookie } = await comingBack()
      return { ask: () => page(url.href, { headers: { cookie } }) }
    },
    async postedCallback(): Promise<Journey> {
      const { url } = await comingBack()
      return { ask: () => post(url.origin + url.pathname, url.searchParams) }
    },
    async continuedCallback(): Promise<Journey> {
      const back = await comingBack()
      const next = new URL((await posted(back)).headers.get('location') ?? '', back.url)
      return { ask: () => page(next.href, { headers: { cookie: back.cookie } }) }
    },
  }
}
