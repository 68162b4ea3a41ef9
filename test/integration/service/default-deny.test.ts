import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { head, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { createRealApp } from '../../unit/portal/support/real-app.ts'
import { routesOf } from '../../unit/portal/support/routes-of.ts'

/** What anybody may ask, by its first segment; everything else needs a credential. A new one is not here. */
const OPEN = /^\/(?:livez|readyz|openapi\.json|connect|callback)(?:\/|$)/

interface Place {
  readonly listener: 'public' | 'admin'
  readonly method: string
  readonly path: string
}

let rig: Rig
let places: readonly Place[]

beforeAll(async () => {
  const real = await createRealApp()
  const placesOf = (listener: Place['listener'], routes: readonly string[]): readonly Place[] =>
    routes.map((route) => {
      const [method = '', template = ''] = route.split(' ')
      const path = template.replace('{portal}', 'acme-console').replace(/\{\w+\}/g, 'x')
      return { listener, method, path }
    })
  places = [
    ...placesOf('public', routesOf(real.app)),
    ...placesOf('admin', routesOf(real.admin)),
  ].filter(({ path }) => !OPEN.test(path))
  await real.close()
  // Who asks so often without a credential would be told to wait.
  rig = await startRig({ env: { KNOXGATE_LIMITS_FAILED_AUTHENTICATION: '0' } })
}, 60_000)
afterAll(() => rig?.close())

const urlOf = ({ listener }: Place): string => {
  const [service] = rig.stack.services
  return (listener === 'public' ? service?.url : service?.adminUrl) ?? ''
}

/** The credential of the listener. */
const bearer = ({ listener }: Place): string =>
  `Authorization: Bearer ${listener === 'public' ? rig.stack.apiKey() : rig.stack.adminToken}`

const ask = (place: Place, path: string, ...lines: readonly string[]) =>
  sendRaw(urlOf(place), head(`${place.method} ${path} HTTP/1.1`, 'Content-Length: 0', ...lines))

/** Other ways to write a path, by which guards and routers have come to differ. */
const FORMS: readonly (readonly [string, (path: string) => string])[] = [
  ['as it is', (path) => path],
  ['with a query', (path) => `${path}?/livez`],
  ['with a query that names an open route', (path) => `${path}?x=/readyz&verbose`],
  ['with a fragment', (path) => `${path}#/livez`],
  ['in absolute form', (path) => `http://localhost${path}`],
  ['in absolute form, of another host', (path) => `https://evil.example:1/livez/..${path}`],
  ['with a slash behind', (path) => `${path}/`],
  ['with two slashes in front', (path) => `/${path}`],
  ['with two slashes inside', (path) => path.replace(/\/(?=[^/]*$)/, '//')],
  ['with a dot segment', (path) => `/.${path}`],
  ['behind an open route', (path) => `/livez/..${path}`],
  ['behind an open route, escaped', (path) => `/livez/%2e%2e${path}`],
  ['with an escaped slash', (path) => path.replace(/\/(?=[^/]*$)/, '%2f')],
  ['with a backslash', (path) => path.replace(/\/(?=[^/]*$)/, '\\')],
  [
    'with an escaped letter',
    (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  ],
  ['in capitals', (path) => path.toUpperCase()],
  ['with a parameter', (path) => `${path};.css`],
  ['with another ending', (path) => `${path}.json`],
  ['with a NUL', (path) => `${path}%00`],
  ['with a blank', (path) => `${path}%20`],
]

/** By which proxies tell, or are made to tell, that a request is another one. */
const HEADERS: readonly string[] = [
  'X-Original-URL: /livez',
  'X-Rewrite-URL: /livez',
  'X-Forwarded-Uri: /livez',
  'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-User: admin',
  'X_Forwarded_User: admin',
  'X-HTTP-Method-Override: GET',
  'Forwarded: for=127.0.0.1;host=localhost',
  'X-Client-Cert: admin',
  'User-Agent: kube-probe/1.30',
  'User-Agent: ELB-HealthChecker/2.0',
  'Cookie: __Host-session=admin',
  'Authorization: Bearer',
]

describe('without a credential', () => {
  it('there is much to be kept from', () => {
    const count = (listener: Place['listener']) =>
      places.filter((place) => place.listener === listener).length
    expect([count('public') > 5, count('admin') > 8]).toEqual([true, true])
  })

  it.each(FORMS)('nothing is to be had, its path written %s', async (_, write) => {
    for (const place of places) {
      const path = write(place.path)
      const { status, text } = await ask(place, path)
      const about = [place.listener, place.method, path]
      // What is another path altogether is not there; what reaches the guard is refused by it.
      expect([...about, [400, 401, 404].includes(status)]).toEqual([...about, true])
      if (path === place.path || path.startsWith(`${place.path}?`))
        expect([...about, status]).toEqual([...about, 401])
      expect(text.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1)
    }
  })

  it.each(HEADERS)('%s opens nothing', async (line) => {
    for (const place of places) {
      const { status } = await ask(place, place.path, line)
      expect([place.method, place.path, status]).toEqual([place.method, place.path, 401])
    }
  })
})

describe('with the credential', () => {
  it('every route that was walked is there', async () => {
    for (const place of places) {
      const asked = { ...place, method: 'OPTIONS' }
      const { status, headers } = await ask(asked, place.path, bearer(place))
      const methods = (headers.get('allow') ?? '').split(', ')
      expect([place.path, status, methods.includes(place.method)]).toEqual([place.path, 405, true])
    }
  })

  it('of the other listener, nothing is to be had', async () => {
    for (const place of places) {
      const listener = place.listener === 'public' ? 'admin' : 'public'
      const { status } = await ask(place, place.path, bearer({ ...place, listener }))
      expect([place.method, place.path, status]).toEqual([place.method, place.path, 401])
    }
  })
})
