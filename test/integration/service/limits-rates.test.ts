import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '../../support/eventually.ts'
import { askFrom, burst, startLimited } from '../../support/limited-service.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const RETURN_URL = 'http://localhost:3999/knox/return'
const portal = (id: string) => ({ id, name: id, returnUrl: RETURN_URL })

let rig: Rig
let id: string

beforeAll(async () => {
  rig = await startRig({ portals: [portal('acme'), portal('other')] })
  id = await rig.connect('tenant-1')
  await rig.token(id)
})
afterAll(() => rig?.close())

const limited = (settings: Readonly<Record<string, string>>) => startLimited(rig, settings)

/** A call with the first portal's key. */
const ask = (url: string, more: { readonly headers?: object; readonly from?: string }) =>
  askFrom(`${url}/v1/connections`, {
    ...more,
    headers: { authorization: `Bearer ${rig.stack.apiKey('acme')}`, ...more.headers },
  })

describe('a key', () => {
  it('gets as many calls as it may, and not one more; others go on', async () => {
    const one = await limited({ LIMITS_PER_KEY: '30' })

    expect(await burst(40, () => one.call('GET', '/v1/connections'))).toEqual([30, 10])
    expect(await burst(5, () => one.callOf('other')('GET', '/v1/connections'))).toEqual([5, 0])
    const refused = await one.call('GET', '/v1/connections')
    expect(refused.body).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      owner: 'portal',
      detail: 'the limit key is 30 in 3600 s',
    })
    expect(refused.headers.get('retry-after')).toMatch(/^3[56]\d\d$/)
    expect(refused.headers.get('ratelimit-policy')).toBe(
      '"address";q=20000;w=3600, "key";q=30;w=3600',
    )
    expect(refused.headers.get('ratelimit')).toMatch(/^"key";r=0;t=3[56]\d\d$/)
  })

  it('is counted once for each token, whichever way it took', async () => {
    const one = await limited({ LIMITS_PER_KEY: '30', KNOX_TOKEN_LOCAL_CACHE: '1s' })
    const token = () => one.call('POST', `/v1/connections/${id}/token`)
    for (const left of [29, 28, 27])
      expect((await token()).headers.get('ratelimit')).toMatch(`"key";r=${left};`)

    expect(await burst(40, token)).toEqual([27, 13])

    const refused = await token()
    expect(refused.body).toMatchObject({
      code: 'rate_limited',
      detail: expect.stringContaining('limit key'),
    })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500)
  })

  it('is told on the shortest way what is counted', async () => {
    const one = await limited({ LIMITS_PER_KEY: '30', LIMITS_PER_CONNECTION: '20' })
    for (let time = 0; time < 3; time++) await one.call('POST', `/v1/connections/${id}/token`)

    const { headers } = await one.call('POST', `/v1/connections/${id}/token`)

    expect(headers.get('x-trace-id')).toBeNull()
    expect(headers.get('ratelimit-policy')).toBe(
      '"address";q=20000;w=3600, "key";q=30;w=3600, "connection";q=20;w=3600',
    )
    expect(headers.get('ratelimit')).toMatch(/^"connection";r=16;t=3\d{3}$/)
  })

  it('is served again when its window is over', async () => {
    const one = await limited({ LIMITS_PER_KEY: '3', LIMITS_WINDOW: '1s' })
    expect(await burst(4, () => one.call('GET', '/v1/connections'))).toEqual([3, 1])

    await eventually(async () => (await one.call('GET', '/v1/connections')).status === 200)

    expect(await burst(3, () => one.call('GET', '/v1/connections'))).toEqual([2, 1])
  })

  it('has no limit where it is 0, and nothing is said of one', async () => {
    const off = { LIMITS_PER_KEY: '0', LIMITS_PER_CONNECTION: '0', LIMITS_PER_ADDRESS: '0' }
    const one = await limited(off)

    expect(await burst(50, () => one.call('GET', `/v1/connections/${id}`))).toEqual([50, 0])
    const { headers } = await one.call('GET', `/v1/connections/${id}`)
    expect([headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([null, null])
  })
})

it('a connection gets as many calls as it may, whatever other portals ask of it', async () => {
  const one = await limited({ LIMITS_PER_CONNECTION: '10' })
  const path = `/v1/connections/${id}`
  for (let time = 0; time < 20; time++) await one.callOf('other')('GET', path)

  expect(await burst(15, () => one.call('GET', path))).toEqual([10, 5])
  expect(await burst(5, () => one.call('GET', '/v1/connections'))).toEqual([5, 0])
})

describe('an address', () => {
  const forwarded = (address: string) => ({ headers: { 'x-forwarded-for': address } })

  it('gets as many calls as it may, whatever it says of where it comes from', async () => {
    const { url } = await limited({ LIMITS_PER_ADDRESS: '10' })
    let last = 0

    const counts = await burst(15, () => ask(url, forwarded(`192.0.2.${last++}`)))

    expect(counts).toEqual([10, 5])
  })

  it('is that of a client of a trusted proxy, IPv6 by its network', async () => {
    const proxy = { LIMITS_PER_ADDRESS: '10', HTTP_TRUSTED_PROXIES: '127.0.0.1' }
    const { url } = await limited(proxy)
    const from = (address: string) => () => ask(url, forwarded(address))

    expect(await burst(12, from('192.0.2.1'))).toEqual([10, 2])
    expect(await burst(12, from('::ffff:192.0.2.2'))).toEqual([10, 2])
    expect(await burst(1, from('192.0.2.2'))).toEqual([0, 1])
    expect(await burst(5, from('2001:db8::1'))).toEqual([5, 0])
    expect(await burst(6, from('2001:db8::ffff:1'))).toEqual([5, 1])
    expect(await burst(1, from('2001:db8:0:1::1'))).toEqual([1, 0])
    // What the client wrote itself stands before what the proxy wrote.
    expect(await burst(1, from('192.0.2.9, 192.0.2.1'))).toEqual([0, 1])
  })

  it('is its own for each IPv4 client of a socket for both families', async () => {
    const dualStack = { HOST: '::ffff:127.0.0.1' }
    const { url } = await startLimited(rig, { LIMITS_PER_ADDRESS: '10' }, dualStack)
    const from = (address: string) => () => ask(url, { from: address })

    expect(await burst(12, from('127.0.0.2'))).toEqual([10, 2])
    expect(await burst(12, from('127.0.0.3'))).toEqual([10, 2])
  })
})

it('what is refused is counted, and told once', async () => {
  const one = await limited({ LIMITS_PER_KEY: '5' })
  await burst(25, () => one.call('GET', '/v1/connections'))

  expect(await one.metric('knoxgate_rate_limited_total{limit="key"}')).toBe(20)
  expect(await one.metric('knoxgate_rate_limited_total{limit="address"}')).toBe(0)
  const first = { reason: 'key', portalId: 'acme', level: 'warn' }
  expect(one.events('rate_limited')).toMatchObject([first])
  // Those that were served, and none for what was refused.
  const routes = one.events('request').map(({ route }) => route)
  expect(routes.filter((route) => route === '/v1/connections')).toHaveLength(5)
  expect(routes).not.toContain('unmatched')
  expect(one.events('request_refused')).toEqual([])
  await one.stop()
  expect(one.events('rate_limited')).toMatchObject([first, { ...first, count: 19 }])
})
