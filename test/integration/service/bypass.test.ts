import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Call, createCall } from '../../../scripts/stack/portal-client.ts'
import { head, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/** What advisories on other products were about: each was a way around a login that worked. */

let rig: Rig
let urls: Readonly<Record<Listener, string>>
let keys: Readonly<Record<Listener, string>>

type Listener = 'public' | 'admin'

/** Targets behind a credential, by listener; what they answer holds one of the words. */
const CLOSED: readonly (readonly [Listener, method: string, target: string])[] = [
  ['public', 'GET', '/v1/connections'],
  ['public', 'POST', '/v1/connections/conn_x/token'],
  ['public', 'POST', '/v1/connect-sessions'],
  ['admin', 'GET', '/metrics'],
  ['admin', 'GET', '/readyz?verbose'],
  ['admin', 'GET', '/admin/v1/status'],
  ['admin', 'GET', '/admin/v1/freezes'],
]
const ANYBODY = '{"status":"ready"}'
const GIVEN_AWAY = /"data"|knoxgate_[a-z]+_|key_ring|"freezes"|connect_url/

beforeAll(async () => {
  // Every request here is one that proves no credential.
  rig = await startRig({
    env: {
      KNOXGATE_LIMITS_FAILED_AUTHENTICATION: '0',
      KNOXGATE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8',
    },
  })
  urls = { public: rig.stack.url, admin: rig.stack.services[0]?.adminUrl ?? '' }
  keys = { public: rig.stack.apiKey(), admin: rig.stack.adminToken }
})
afterAll(() => rig?.close())

/** Asks for every closed target in a way, without a credential in its place. */
async function statuses(
  targetOf: (target: string) => string,
  headersOf: (listener: Listener) => readonly string[] = () => [],
): Promise<readonly number[]> {
  const found = new Set<number>()
  for (const [listener, method, target] of CLOSED) {
    const request = head(`${method} ${targetOf(target)} HTTP/1.1`, ...headersOf(listener))
    const answer = await sendRaw(urls[listener], request)
    expect([target, answer.body]).toEqual([target, expect.not.stringMatching(GIVEN_AWAY)])
    // A query without `verbose` is the open question.
    if (answer.body !== ANYBODY) found.add(answer.status)
  }
  return [...found]
}

const same = (target: string) => target
const REFUSED = [400, 401, 404]

describe('a closed target is not opened by how it is written', () => {
  it.each<readonly [string, (target: string) => string]>([
    ['an end of its own', (target) => `${target}/`],
    ['two slashes', (target) => `/${target}`],
    ['a dot', (target) => `/.${target}`],
    ['an encoded dot', (target) => `/%2e${target}`],
    ['the way back from an open one', (target) => `/livez/..${target}`],
    ['the encoded way back', (target) => `/livez/%2e%2e${target}`],
    ['the way back with a parameter', (target) => `/livez/..;${target}`],
    ['the encoded slash', (target) => `/livez%2f..${target}`],
    ['a backslash', (target) => `/livez\\..${target}`],
    ['an open one in front', (target) => `/livez${target}`],
    ['the document in front', (target) => `/openapi.json${target}`],
    ['capitals', (target) => target.toUpperCase()],
    [
      'an encoded letter',
      (target) => target.replace(/[a-z]/, (one) => `%${one.charCodeAt(0).toString(16)}`),
    ],
    ['absolute form', (target) => `http://knoxgate.test${target}`],
    ['absolute form by way of an open one', (target) => `http://knoxgate.test/livez/..${target}`],
    ['absolute form with a user', (target) => `http://livez@knoxgate.test${target}`],
    ['an open one as its query', (target) => `${target}${target.includes('?') ? '&' : '?'}/livez`],
    [
      'an open one as a parameter',
      (target) => `${target}${target.includes('?') ? '&' : '?'}path=/readyz`,
    ],
    ['an open one as its fragment', (target) => `${target}#/livez`],
    ['an open one behind a semicolon', (target) => `${target};/livez`],
    ['an encoded question mark', (target) => `${target}%3f/livez`],
    ['a zero byte', (target) => `${target}%00/livez`],
    ['a line break', (target) => `${target}%0d%0a/livez`],
    ['nothing unusual', same],
  ])('%s', async (_what, targetOf) => {
    const found = await statuses(targetOf)

    expect(found.filter((status) => !REFUSED.includes(status))).toEqual([])
  })
})

describe('a closed target is not opened by who seems to ask', () => {
  it.each([
    'GoogleHC/1.0',
    'kube-probe/1.34',
    'ELB-HealthChecker/2.0',
    'Prometheus/3.0',
    'Mozilla/5.0 (compatible; Googlebot/2.1)',
  ])('User-Agent: %s', async (agent) => {
    expect(await statuses(same, () => [`User-Agent: ${agent}`])).toEqual([401])
  })

  it.each([
    'X-Forwarded-Uri: /livez',
    'X-Forwarded-Path: /livez',
    'X-Forwarded-Prefix: /livez',
    'X-Original-URL: /livez',
    'X-Original-URI: /readyz',
    'X-Rewrite-URL: /livez',
    'X_Original_URL: /livez',
    'X-Forwarded-Method: OPTIONS',
    'X-HTTP-Method-Override: OPTIONS',
    'X-Forwarded-For: 127.0.0.1',
    'X_Forwarded_For: 127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'Forwarded: for=127.0.0.1;host=localhost;proto=https',
    'X-Forwarded-User: operator',
    'X_Forwarded_User: operator',
    'X-Forwarded-Email: operator@knoxgate.test',
    'X-Forwarded-Groups: operate',
    'X-Auth-Request-User: operator',
    'X-Remote-User: operator',
    'Remote-User: operator',
    'X-Client-Cert: MIIB',
    'X-Forwarded-Client-Cert: By=a;Hash=b;Subject="CN=acme-console"',
    'Client-Cert: :MIIB:',
    'X-SSL-Client-Verify: SUCCESS',
    'X-SSL-Client-S-DN: CN=acme-console',
    'X-Portal-Id: acme-console',
    'X-Internal: 1',
  ])('%s', async (header) => {
    expect(await statuses(same, () => [header])).toEqual([401])
  })
})

describe('a good credential counts in its place only', () => {
  it.each<readonly [string, (key: string) => string]>([
    ['another header', (key) => `X-Api-Key: ${key}`],
    ['the header of a proxy', (key) => `Proxy-Authorization: Bearer ${key}`],
    ['an underscore', (key) => `Authorization_: Bearer ${key}`],
    ['a forwarded header', (key) => `X-Forwarded-Access-Token: ${key}`],
    ['a forwarded one of its own name', (key) => `X-Forwarded-Authorization: Bearer ${key}`],
    ['a cookie', (key) => `Cookie: access_token=${key}`],
    ['no scheme', (key) => `Authorization: ${key}`],
    ['another scheme', (key) => `Authorization: Basic ${btoa(`x:${key}`)}`],
    ['two schemes', (key) => `Authorization: Basic x, Bearer ${key}`],
  ])('not in %s', async (_where, headerOf) => {
    expect(await statuses(same, (listener) => [headerOf(keys[listener])])).toEqual([401])
  })

  it('not at the other listener', async () => {
    const other = { public: keys.admin, admin: keys.public }

    const found = await statuses(same, (listener) => [`Authorization: Bearer ${other[listener]}`])
    expect(found).toEqual([401])
  })

  it('and there it counts: the tests above can fail', async () => {
    for (const [listener, method, target] of CLOSED) {
      const authorized = head(
        `${method} ${target} HTTP/1.1`,
        `Authorization: Bearer ${keys[listener]}`,
      )
      expect((await sendRaw(urls[listener], authorized)).status).not.toBe(401)
    }
  })
})

describe('behind a trusted proxy', () => {
  it('only the header that the proxy writes tells where a key is used from', async () => {
    const admin: Call = createCall(urls.admin, keys.admin)
    const made = await admin('POST', '/admin/v1/portals/acme-console/keys', {
      scopes: ['connections:read'],
      name: 'bound',
      cidrs: ['192.0.2.0/24'],
    })
    expect(made.status).toBe(201)
    const statusWith = async (...headers: readonly string[]) => {
      const key = `Authorization: Bearer ${made.body.api_key}`
      const request = head('GET /v1/connections HTTP/1.1', key, ...headers)
      return (await sendRaw(urls.public, request)).status
    }

    expect(await statusWith('X-Forwarded-For: 192.0.2.7')).toBe(200)
    for (const header of [
      'X_Forwarded_For: 192.0.2.7',
      'X-Forwarded_For: 192.0.2.7',
      'x_forwarded-for: 192.0.2.7',
      'X-Real-IP: 192.0.2.7',
      'Forwarded: for=192.0.2.7',
      'True-Client-IP: 192.0.2.7',
      'CF-Connecting-IP: 192.0.2.7',
    ]) {
      expect([header, await statusWith(header)]).toEqual([header, 401])
      expect(await statusWith('X-Forwarded-For: 198.51.100.1', header)).toBe(401)
    }
  })
})
