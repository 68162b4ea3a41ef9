import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ServiceProcess } from '../../../scripts/stack/service-process.ts'
import { REFRESH_OUTCOMES } from '../../../src/vault/outcomes.ts'
import { CONNECTION_STATUSES } from '../../../src/vault/status.ts'
import { eventually } from '../../support/eventually.ts'
import { head, sendRaw } from '../../support/raw-http.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expire } from '../../support/stored-connection.ts'

const SKEW_SECONDS = 120

let rig: Rig
let service: ServiceProcess

beforeAll(async () => {
  rig = await startRig()
  ;[service] = rig.stack.services as [ServiceProcess]
})
afterAll(() => rig?.close())

const ask = (path: string, init: RequestInit = {}, at = service) =>
  fetch(`${at.adminUrl}${path}`, init)
/** Whatever stands in a JSON answer. */
const json = async (answer: Promise<Response>) =>
  (await answer).json() as Promise<Record<string, unknown>>
const withToken = () => ({ headers: { authorization: `Bearer ${rig.stack.adminToken}` } })

/** Samples of `/metrics`, by name and labels as they are written. */
async function metrics(at = service): Promise<ReadonlyMap<string, number>> {
  const text = await (await ask('/metrics', withToken(), at)).text()
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))] as const
    }),
  )
}

describe('without its credential, the admin listener', () => {
  it('answers whether it lives and whether it is ready, and nothing else', async () => {
    for (const [path, status] of [
      ['/livez', 'live'],
      ['/readyz', 'ready'],
      ['/readyz?', 'ready'],
      ['/readyz?verbos', 'ready'],
    ] as const) {
      const answer = await ask(path)
      expect([path, answer.status, await answer.json()]).toEqual([path, 200, { status }])
    }
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer undefined',
    'Basic YWRtaW46YWRtaW4=',
    '',
    'token',
    'Bearer token, Bearer token',
    'key',
  ])('refuses everything else, with the header %j too', async (written) => {
    const { adminToken } = rig.stack
    const authorization = written
      .replaceAll('token', adminToken)
      .replace('key', `Bearer ${rig.stack.apiKey()}`)
    const paths = [
      '/metrics',
      '/metrics/',
      '/METRICS',
      '/metrics?x=/livez',
      '/livez/metrics',
      '/readyz?verbose',
      '/readyz?verbose=',
      '/readyz?a=1&verbose=1',
      '/readyz?verbose=0&verbose=1',
      '/readyz/?verbose',
      '/READYZ?verbose',
      '/readyz?%76erbose',
      '/admin/v1/status',
      '/admin/v1/connections',
      '/admin/v1/',
      '/',
      '/v1/connections',
      '/connect/x',
      '/..%2f/metrics',
    ]
    for (const path of paths)
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const answer = await ask(path, { method, headers: { authorization } })
        const seen = [method, path, answer.status]
        // A probe is told which method to use before anybody asks who it is.
        const isProbe = path.startsWith('/readyz?') && !['GET', 'HEAD'].includes(method)
        expect(seen).toEqual([method, path, isProbe ? 405 : 401])
        expect(await answer.text()).not.toMatch(/knoxgate_|uptime|key_ring|phase/)
      }
  })

  it('is not fooled by ways of writing the target', async () => {
    for (const target of ['//metrics', 'http://x/metrics', '/x/../metrics', '/./metrics', '/%'])
      for (const lines of [[], ['X-Original-URL: /livez', 'X-Forwarded-Uri: /livez']]) {
        const { status, text } = await sendRaw(
          service.adminUrl,
          head(`GET ${target} HTTP/1.1`, ...lines),
        )
        expect([target, status]).toEqual([target, 401])
        expect(text).not.toContain('knoxgate_')
      }
  })

  it('is not on the public listener, with the credential either', async () => {
    for (const path of ['/metrics', '/admin/v1/status'])
      expect((await fetch(service.url + path, withToken())).status).toBe(404)
    const plain = await fetch(`${service.url}/readyz?verbose`, withToken())
    expect(await plain.json()).toEqual({ status: 'ready' })
  })
})

describe('with its credential, the admin listener', () => {
  it('tells an operator everything about readiness', async () => {
    const { adminToken } = rig.stack
    for (const path of ['/readyz?verbose', '/admin/v1/status']) {
      const answer = await ask(path, withToken())
      expect(answer.status).toBe(200)
      const body = await answer.json()
      expect(body).toMatchObject({
        status: 'ready',
        phase: 'running',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        store: { answers: true, latency_ms: expect.any(Number), kind: 'redis', role: 'master' },
        key_ring: { opens: true, active: 'k1', kids: ['k1'] },
        keys: [{ program: 'emm-eu', modulus_bits: 2048, thumbprint: expect.any(String) }],
        clock_skew: expect.any(Array),
        refresh_outcomes: Object.fromEntries(REFRESH_OUTCOMES.map((name) => [name, 0])),
        warnings: expect.arrayContaining(['no append-only file']),
      })
      expect(JSON.stringify(body)).not.toContain(adminToken)
    }
  })

  it('answers 404 and 405 with a problem document', async () => {
    for (const [path, method, status] of [
      ['/admin/v1/nothing', 'GET', 404],
      ['/metrics', 'POST', 405],
      ['/admin/v1/status', 'DELETE', 405],
    ] as const) {
      const answer = await ask(path, { method, ...withToken() })
      expect([path, answer.status]).toEqual([path, status])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    }
  })
})

describe('the metrics', () => {
  const refreshed = (outcome: string) =>
    `knoxgate_refresh_total{program="emm-eu",outcome="${outcome}"}`
  const exchanged = (outcome: string) =>
    `knoxgate_exchange_duration_seconds_count{program="emm-eu",outcome="${outcome}"}`
  const stored = (operation: string) =>
    `knoxgate_store_operation_duration_seconds_count{operation="${operation}",outcome="ok"}`

  it('name every outcome and status before anything has happened', async () => {
    const samples = await metrics()

    for (const outcome of REFRESH_OUTCOMES) expect(samples.get(refreshed(outcome))).toBe(0)
    for (const status of CONNECTION_STATUSES)
      expect(samples.get(`knoxgate_connections{program="emm-eu",status="${status}"}`)).toBe(0)
    expect(samples.get('knoxgate_legacy_rsa_key{program="emm-eu"}')).toBe(0)
  })

  it('count exchanges, refreshes by outcome, and operations on the store', async () => {
    const before = await metrics()
    const id = await rig.connect('tenant-1')
    await rig.token(id)
    await expire(rig.db, id)
    await rig.token(id)
    rig.sandbox.addFault({ on: 'ams', do: { kind: 'reset' } })
    await expire(rig.db, id)
    await rig.token(id)
    const after = await metrics()
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)

    expect(grown(refreshed('success'))).toBe(2)
    expect(grown(exchanged('ok'))).toBe(2)
    expect(grown(exchanged('error'))).toBe(1)
    for (const operation of ['read', 'write', 'version', 'index'])
      expect(grown(stored(operation))).toBeGreaterThan(0)
    const { refresh_outcomes: outcomes } = await json(ask('/admin/v1/status', withToken()))
    expect(outcomes).toMatchObject({ success: 2 })
  })

  it('show a process that starts the connections there are, and how wrong its clock is', async () => {
    const id = await rig.connect('tenant-2', 'ben')
    rig.sandbox.control({ revokeConsent: 'ben' })
    await rig.token(id)
    rig.sandbox.control({ clockOffsetSeconds: SKEW_SECONDS, clockSkewSeconds: 600 })
    const { service: another } = await rig.another()
    try {
      const connections = (samples: ReadonlyMap<string, number>, status: string) =>
        samples.get(`knoxgate_connections{program="emm-eu",status="${status}"}`)

      await eventually(async () => connections(await metrics(another), 'consent_required') === 1)
      const { body } = await rig.call('GET', '/v1/connections?status=degraded')
      expect(connections(await metrics(another), 'degraded')).toBe(body.data.length)

      const [other] = (await rig.call('GET', '/v1/connections')).body.data
      await fetch(`${another.url}/v1/connections/${other.id}/verify`, {
        method: 'POST',
        headers: { authorization: `Bearer ${rig.stack.apiKey()}` },
      })
      const host = new URL(rig.sandbox.url).host
      const skew = (await metrics(another)).get(`knoxgate_clock_skew_seconds{host="${host}"}`)
      expect(skew).toBeGreaterThan(SKEW_SECONDS - 5)
      expect(skew).toBeLessThan(SKEW_SECONDS + 5)
      const report = await json(ask('/readyz?verbose', withToken(), another))
      expect(report.status).toBe('ready')
      expect(report.warnings).toContainEqual(expect.stringContaining(`clock differs from ${host}`))
    } finally {
      await another.stop()
    }
  })
})
