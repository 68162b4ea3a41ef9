/** A page as a browser without JavaScript would have it. */
export interface Page {
  readonly url: string
  readonly status: number
  readonly html: string
  /** Every response on the way here, the last one included. */
  readonly hops: readonly { readonly url: string; readonly status: number }[]
}

/** A browser made of `fetch` and a cookie jar: forms, redirects, `meta refresh`, and no script. */
export interface HttpBrowser {
  /** Opens an address; follows redirects until `until` says of the next one that it is far enough. */
  open(url: string, until?: (url: string) => boolean): Promise<Page>
  /** Presses a button of the page's first form. */
  press(
    page: Page,
    button: { name: string; value: string },
    until?: (url: string) => boolean,
  ): Promise<Page>
  /** Presses the button that posts to `action`, wherever it is on the page. */
  submit(page: Page, action: string, until?: (url: string) => boolean): Promise<Page>
  /** Goes where the page's `meta refresh` leads. */
  follow(page: Page, until?: (url: string) => boolean): Promise<Page>
  readonly cookies: Map<string, Map<string, string>>
}

const MAX_HOPS = 15

const unescapeHtml = (text: string) =>
  text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

const attribute = (tag: string, name: string) =>
  unescapeHtml(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')

/** Creates a browser with an empty cookie jar. */
export function createHttpBrowser(): HttpBrowser {
  const cookies = new Map<string, Map<string, string>>()

  function keep(url: string, response: Response): void {
    const { host } = new URL(url)
    const jar = cookies.get(host) ?? new Map<string, string>()
    cookies.set(host, jar)
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/max-age=0(;|$)/i.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }

  async function request(
    start: string,
    first: RequestInit,
    until: (url: string) => boolean = () => false,
  ): Promise<Page> {
    let url = start
    let init = first
    const hops: { url: string; status: number }[] = []
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const jar = cookies.get(new URL(url).host) ?? new Map<string, string>()
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { ...init.headers, ...(cookie === '' ? {} : { cookie }) }
      const response = await fetch(url, { ...init, headers, redirect: 'manual' })
      keep(url, response)
      hops.push({ url, status: response.status })
      const location = response.headers.get('location')
      if (location === null)
        return { url, status: response.status, html: await response.text(), hops }
      url = new URL(location, url).href
      init = { method: 'GET' }
      if (until(url)) return { url, status: response.status, html: '', hops }
    }
    throw new Error('too many redirects')
  }

  function post(
    page: Page,
    action: string,
    fields: URLSearchParams,
    until?: (url: string) => boolean,
  ): Promise<Page> {
    const { origin } = new URL(page.url)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin }
    return request(
      new URL(action, page.url).href,
      { method: 'POST', headers, body: fields.toString() },
      until,
    )
  }

  return {
    cookies,
    open: (url, until) => request(url, {}, until),

    press(page, button, until) {
      const [, tag = '', inside = ''] = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(page.html) ?? []
      if (tag === '') throw new Error(`no form on ${page.url}`)
      const fields = new URLSearchParams()
      for (const [input] of inside.matchAll(/<input\b[^>]*>/g))
        fields.append(attribute(input, 'name'), attribute(input, 'value'))
      fields.append(button.name, button.value)
      return post(page, attribute(tag, 'action'), fields, until)
    },

    submit(page, action, until) {
      const buttons = page.html.match(/<button\b[^>]*>/g) ?? []
      if (!buttons.some((button) => attribute(button, 'formaction') === action))
        throw new Error(`no button for ${action} on ${page.url}`)
      return post(page, action, new URLSearchParams(), until)
    },

    follow(page, until) {
      const [, target] =
        /http-equiv="refresh"[^>]*content="\d+;\s*url=([^"]*)"/i.exec(page.html) ?? []
      if (target === undefined) throw new Error(`no way on from ${page.url}`)
      return request(new URL(unescapeHtml(target), page.url).href, {}, until)
    },
  }
}
