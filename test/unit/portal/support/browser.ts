import request from 'supertest'

export const PUBLIC_URL = 'https://connect.example.com'

export type TestBrowser = ReturnType<typeof createBrowser>

/** A browser that keeps its cookies and sends what a browser sends. */
export function createBrowser({ url }: { readonly url: string }) {
  const cookies = new Map<string, string>()

  async function open(path: string) {
    const res = await request(url).get(path).set('cookie', cookieHeader())
    keep(res.headers['set-cookie'])
    return res
  }

  async function post(path: string, form: string, headers: Readonly<Record<string, string>> = {}) {
    const res = await request(url)
      .post(path)
      .set({ cookie: cookieHeader(), origin: PUBLIC_URL, ...headers })
      .set('content-type', headers['content-type'] ?? 'application/x-www-form-urlencoded')
      .send(form)
    keep(res.headers['set-cookie'])
    return res
  }

  const cookieHeader = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  /** One header per cookie; supertest types it as one text. */
  function keep(header: unknown): void {
    for (const line of Array.isArray(header) ? header : []) {
      const [pair = ''] = String(line).split(';')
      const at = pair.indexOf('=')
      if (/Max-Age=0/.test(String(line))) cookies.delete(pair.slice(0, at))
      else cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }

  /** What the page's form would send. */
  async function formOf(id: string, action: 'continue' | 'cancel') {
    const page = await open(`/connect/${id}`)
    const token = /name="csrf_token" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    return `csrf_token=${token}&action=${action}`
  }

  /** Continue: the state with which the browser is at Samsung. */
  async function start(id: string): Promise<string> {
    const page = await post(`/connect/${id}`, await formOf(id, 'continue'))
    const target = /content="0;\s*url=([^"]+)"/i.exec(page.text)?.[1] ?? ''
    return new URL(target.replaceAll('&amp;', '&')).searchParams.get('state') ?? ''
  }

  return {
    cookies,
    open,
    post,
    formOf,
    start,
    /** All the way back to the portal. */
    async consent(id: string, code = 'ada') {
      const state = await start(id)
      const res = await open(`/callback/emm-eu?code=${code}&state=${state}`)
      const landed = new URL(res.headers.location ?? '')
      return { state, landed, resultCode: landed.searchParams.get('result_code') ?? '' }
    },
    async deny(id: string) {
      const state = await start(id)
      return open(`/callback/emm-eu?error=access_denied&state=${state}`)
    },
  }
}
