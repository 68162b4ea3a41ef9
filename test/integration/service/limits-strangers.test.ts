import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { AUDIT_KEY } from '../../../src/audit/sink-redis.ts'
import { eventually } from '../../support/eventually.ts'
import {
  askFrom,
  burst,
  flood,
  type LimitedService,
  startLimited,
} from '../../support/limited-service.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const RETURN_URL = 'http://localhost:3999/knox/return'
const portal = (id: string) => ({ id, name: id, returnUrl: RETURN_URL })
const UNKNOWN = `Bearer kg_unknown_${'A'.repeat(43)}`
const PROXY = { HTTP_TRUSTED_PROXIES: '127.0.0.1' }

let rig: Rig

beforeAll(async () => {
  rig = await startRig({ portals: [portal('acme'), portal('other')] })
})
afterAll(() => rig?.close())

const bearer = (portalId: string) => `Bearer ${rig.stack.apiKey(portalId)}`

async function statuses(times: number, send: () => Promise<{ readonly status: number }>) {
  const seen: number[] = []
  for (let time = 0; time < times; time++) seen.push((await send()).status)
  return seen
}

describe('an address from which too many have proven no key', () => {
  const ask = ({ url }: LimitedService, authorization?: string, client = '192.0.2.1') =>
    askFrom(`${url}/v1/connections`, {
      headers: { 'x-forwarded-for': client, ...(authorization && { authorization }) },
    })

  it('is told so instead of 401, and a key that was proven before works on', async () => {
    const one = await startLimited(rig, { ...PROXY, LIMITS_FAILED_AUTHENTICATION: '5' })
    expect((await ask(one, bearer('acme'))).status).toBe(200)

    expect(await statuses(7, () => ask(one, UNKNOWN))).toEqual([401, 401, 401, 401, 401, 429, 429])

    const refused = await ask(one)
    expect(refused.status).toBe(429)
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 'rate_limited',
      detail: 'the limit failed_authentication is 5 in 60 s',
    })
    expect(refused.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^(60|5\d)$/) })
    expect(refused.headers).not.toHaveProperty('www-authenticate')
    expect(await statuses(3, () => ask(one, bearer('acme')))).toEqual([200, 200, 200])
    expect(await one.metric('knoxgate_rate_limited_total{limit="failed_authentication"}')).toBe(3)
  })

  it('proves no key that was not proven before, and elsewhere nothing has changed', async () => {
    const one = await startLimited(rig, { ...PROXY, LIMITS_FAILED_AUTHENTICATION: '2' })
    await statuses(2, () => ask(one, UNKNOWN))

    expect((await ask(one, bearer('other'))).status).toBe(429)
    expect((await ask(one, UNKNOWN, '192.0.2.2')).status).toBe(401)
    expect((await ask(one, bearer('other'), '192.0.2.2')).status).toBe(200)
    // Now it was.
    expect((await ask(one, bearer('other'))).status).toBe(200)
  })

  it('is counted once for each that failed, and for no other', async () => {
    const one = await startLimited(rig, { ...PROXY, LIMITS_FAILED_AUTHENTICATION: '2' })
    await burst(20, () => ask(one, bearer('acme')))
    for (let at = 0; at < 5; at++) await askFrom(`${one.url}/readyz`, {})

    expect(await statuses(3, () => ask(one))).toEqual([401, 401, 429])
  })

  it('is never told where there is no limit', async () => {
    const one = await startLimited(rig, { ...PROXY, LIMITS_FAILED_AUTHENTICATION: '0' })

    expect(new Set(await statuses(100, () => ask(one, UNKNOWN)))).toEqual(new Set([401]))
  })
})

it('whoever tries tokens at the admin listener is stopped, and no operator is', async () => {
  const one = await startLimited(rig, { LIMITS_FAILED_AUTHENTICATION: '3' })
  const ask = (path: string, token?: string) =>
    askFrom(
      `${one.adminUrl}${path}`,
      token ? { headers: { authorization: `Bearer ${token}` } } : {},
    )
  await statuses(5, () => ask('/livez'))
  await statuses(5, () => ask('/readyz'))
  await statuses(5, () => askFrom(`${one.url}/v1/connections`, {}))

  expect(await statuses(5, () => ask('/admin/v1/status', 'x'.repeat(40)))).toEqual([
    401, 401, 401, 429, 429,
  ])
  expect((await ask('/metrics')).status).toBe(429)
  expect((await ask('/readyz?verbose')).headers).toHaveProperty('retry-after')
  expect((await ask('/readyz')).status).toBe(200)
  expect((await ask('/admin/v1/status', rig.stack.adminToken)).status).toBe(200)
})

describe('the browser’s routes', () => {
  const page = { LIMITS_PAGES_PER_ADDRESS: '5', LIMITS_PER_ADDRESS: '1' }

  it('have a limit of their own, and say so on a page', async () => {
    const one = await startLimited(rig, page)
    const open = () => askFrom(`${one.url}/connect/cs_${'0'.repeat(32)}`, {})

    expect(await statuses(7, open)).toEqual([404, 404, 404, 404, 404, 429, 429])

    const { headers, body } = await open()
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'retry-after': expect.stringMatching(/^3\d{3}$/),
    })
    expect(body).toContain('Too many requests at once')
    expect(one.events('rate_limited')).toMatchObject([{ reason: 'pages' }])
  })

  it('keep the browser where it is that came back from Samsung, to reload the page', async () => {
    const one = await startLimited(rig, { LIMITS_PAGES_PER_ADDRESS: '1' })
    const path = `/callback/${rig.stack.programId}?code=c&state=s`
    await askFrom(`${one.url}${path}`, {})

    const { status, headers } = await askFrom(`${one.url}${path}`, {})

    expect(status).toBe(429)
    expect(headers).not.toHaveProperty('location')
  })
})

it('ten thousand addresses are told apart, and cost little memory', async () => {
  // Many of them come at the same time.
  const room = { LIMITS_CONCURRENT_REQUESTS_UNPROVEN: '2000' }
  const one = await startLimited(rig, { ...PROXY, ...room, LIMITS_PER_ADDRESS: '1' })
  const memory = () => one.metric('knoxgate_process_resident_memory_bytes')
  const answers: string[] = []
  for (let lane = 0; lane < 5; lane++) await flood(one.url, lane, 1000)
  const before = await memory()

  for (let lane = 5; lane < 15; lane++) answers.push(...(await flood(one.url, lane, 1000)))

  expect(answers).toHaveLength(10_000)
  expect(new Set(answers)).toEqual(new Set(['401']))
  expect((await memory()) - before).toBeLessThan(100 * 1024 * 1024)
})

it('what was refused is in the audit trail, by its limit and without an address', async () => {
  const one = await startLimited(rig, { LIMITS_FAILED_AUTHENTICATION: '1' })
  await statuses(10, () => askFrom(`${one.url}/v1/connections`, {}))
  await one.stop()
  const db = new Redis(rig.redis.url)

  const entries = async () =>
    (await db.xrange(AUDIT_KEY, '-', '+'))
      .map(([, fields]) => fields.join(' '))
      .filter((text) => text.includes('"event":"rate_limited"'))
      .filter((text) => text.includes('"reason":"failed_authentication"'))
  await eventually(async () => (await entries()).some((text) => text.includes('"count":8')))

  expect((await entries()).join()).not.toContain('127.0.0.1')
  db.disconnect()
})
