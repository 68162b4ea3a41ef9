import { once } from 'node:events'
import { connect as connectTo, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { connect, createCall } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import { askFrom, burst, type LimitedService, startLimited } from '../../support/limited-service.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const PORTALS = ['acme', 'other', 'third']
const HUNG_MS = 6000

const returnUrlOf = (id: string) => `http://localhost:3999/${id}`
/** Ten of one portal, twenty in all, five of strangers. */
const ROOM = {
  LIMITS_CONCURRENT_REQUESTS: '20',
  LIMITS_CONCURRENT_REQUESTS_PER_PORTAL: '10',
  LIMITS_CONCURRENT_REQUESTS_UNPROVEN: '5',
}

let rig: Rig
let ids: ReadonlyMap<string, string>
const hanging = new AbortController()
const sockets: Socket[] = []

beforeAll(async () => {
  const portals = PORTALS.map((id) => ({ id, name: id, returnUrl: returnUrlOf(id) }))
  // Longer than Knox takes here.
  const env = { KNOXGATE_UPSTREAM_TIMEOUT: '20s', KNOXGATE_REFRESH_LEASE: '40s' }
  rig = await startRig({ portals, env })
  const connected = PORTALS.map(async (id) => {
    const call = createCall(rig.stack.url, rig.stack.apiKey(id))
    const wish = { program: rig.stack.programId, tenantRef: 'tenant-1', returnUrl: returnUrlOf(id) }
    return [id, String((await connect({ call, ...wish })).body.id)] as const
  })
  ids = new Map(await Promise.all(connected))
})
afterEach(() => {
  rig.sandbox.clearFaults()
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => rig?.close())

const tokenPath = (portalId: string) => `/v1/connections/${ids.get(portalId)}/token`
const inWork = (service: LimitedService) => service.metric('knoxgate_requests_in_work')

/** Knox takes its time, and every call of the portal for a new token waits for it. */
async function hammer(
  service: LimitedService,
  portalId: string,
  times: number,
  signal?: AbortSignal,
) {
  const path = tokenPath(portalId)
  const { token_id: rejected } = (await service.callOf(portalId)('POST', path)).body
  const headers = {
    authorization: `Bearer ${rig.stack.apiKey(portalId)}`,
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ rejected })
  const before = await inWork(service)
  rig.sandbox.addFault({ on: 'ams', times: 1, do: { kind: 'delay', ms: HUNG_MS } })
  const calls = Array.from({ length: times }, async () => {
    const call = { method: 'POST', headers, body, signal: signal ?? null }
    const response = await fetch(`${service.url}${path}`, call)
    return { response, status: response.status, body: await response.json() }
  })
  const taken = Math.min(times, 10)
  const shed = 'knoxgate_requests_shed_total{reason="portal"}'
  await eventually(async () => (await inWork(service)) === before + taken)
  await eventually(async () => (await service.metric(shed)) === times - taken)
  return calls
}

describe('when the calls of one portal hang', () => {
  it('it has its share of the room, and others are served', async () => {
    const one = await startLimited(rig, ROOM)
    // Known from then on, and no stranger.
    await one.callOf('other')('GET', '/v1/connections')
    const calls = await hammer(one, 'acme', 30)

    expect(await burst(10, () => one.callOf('other')('GET', '/v1/connections'))).toEqual([10, 0])
    expect((await one.callOf('other')('POST', tokenPath('other'))).status).toBe(200)
    const answers = await Promise.all(calls)
    const shed = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
    expect(shed).toHaveLength(20)
    for (const { response, body } of shed) {
      expect(body).toMatchObject({ code: 'overloaded', retryable: true, owner: 'operator' })
      expect(response.headers.get('retry-after')).toBe('1')
    }
    expect(await one.metric('knoxgate_requests_shed_total{reason="portal"}')).toBe(20)
    expect(one.events('request_shed')).toMatchObject([{ reason: 'portal', portalId: 'acme' }])
    await eventually(async () => (await inWork(one)) === 0)
  })

  it('the places of those who hang up are free at once', async () => {
    const one = await startLimited(rig, ROOM)
    const calls = await hammer(one, 'acme', 10, hanging.signal)

    hanging.abort()

    await Promise.allSettled(calls)
    await eventually(async () => (await inWork(one)) === 0, 2000)
    const again = () => one.callOf('acme')('GET', '/v1/connections')
    expect(await burst(10, again)).toEqual([10, 0])
  })

  it('and those of another as well, the rest is turned away, and probes are answered', async () => {
    const one = await startLimited(rig, ROOM)
    const calls = [...(await hammer(one, 'acme', 10)), ...(await hammer(one, 'other', 10))]

    const refused = await one.callOf('third')('GET', '/v1/connections')
    const page = await askFrom(`${one.url}/connect/cs_${'0'.repeat(32)}`, {})
    const probes = [await askFrom(`${one.url}/readyz`, {}), await askFrom(`${one.url}/livez`, {})]

    expect([refused.status, refused.body.code]).toEqual([503, 'overloaded'])
    expect(probes.map(({ status }) => status)).toEqual([200, 200])
    expect(page).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(page.body).toContain('Please try again in a moment')
    expect(await one.metric('knoxgate_requests_shed_total{reason="total"}')).toBe(2)
    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect((await one.callOf('third')('GET', '/v1/connections')).status).toBe(200)
  })
})

describe('when strangers hang', () => {
  /** A form that never comes. */
  async function post(url: string): Promise<void> {
    const socket = connectTo(Number(new URL(url).port), '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    const lines = ['Host: x', 'Sec-Fetch-Site: same-origin', 'Content-Length: 9']
    const type = 'Content-Type: application/x-www-form-urlencoded'
    const path = `/connect/cs_${'0'.repeat(32)}`
    socket.write([`POST ${path} HTTP/1.1`, ...lines, type, '', 'a'].join('\r\n'))
  }

  it('they have their share of the room, and portals that are known are served', async () => {
    const one = await startLimited(rig, ROOM)
    expect((await one.callOf('acme')('GET', '/v1/connections')).status).toBe(200)
    for (let at = 0; at < 5; at++) await post(one.url)
    await eventually(async () => (await inWork(one)) === 5)

    const page = await askFrom(`${one.url}/connect/cs_${'0'.repeat(32)}`, {})
    const stranger = await askFrom(`${one.url}/v1/connections`, {})
    const acme = () => one.callOf('acme')('GET', '/v1/connections')

    expect([page.status, stranger.status]).toEqual([503, 503])
    expect(await burst(10, acme)).toEqual([10, 0])
    expect(await one.metric('knoxgate_requests_shed_total{reason="unproven"}')).toBe(2)
  })
})
