import { beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { createAdminGate } from '../../../src/admin/gate.ts'
import { createMetrics } from '../../../src/admin/metrics.ts'
import type { Readiness } from '../../../src/admin/readiness.ts'
import { createAdminRouter, createProbeRouter } from '../../../src/admin/routes.ts'
import { createAdminApp } from '../../../src/app.ts'
import { ServiceError } from '../../../src/shared/errors.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { NO_AUDIT } from '../../support/audit.ts'
import { recordLog, serve } from '../http/serve.ts'

const TOKEN = 'an-admin-token-of-thirty-two-characters'
const READ_TOKEN = 'an-admin-token-for-reading-and-no-more'
const INSIDE = 'canary-inside'

let ready: boolean
let url: string
let broken: boolean

beforeEach(async () => {
  ready = true
  broken = false
  const readiness: Readiness = {
    isReady: async () => ready,
    async report() {
      if (broken) throw new ServiceError('store_unavailable')
      return { ready, body: { status: ready ? 'ready' : 'not_ready', inside: INSIDE } }
    },
  }
  const metrics = createMetrics({
    programs: [{ id: INSIDE, legacyRsa: false, products: [] }],
    skews: () => [],
  })
  const adminRouter = createAdminRouter({
    readiness,
    metrics,
    gate: createAdminGate({
      tokens: { operate: new Secret(TOKEN), read: new Secret(READ_TOKEN) },
      audit: NO_AUDIT,
      log: recordLog().log,
    }),
    routers: [],
    bodyLimitBytes: 16_384,
  })
  const app = createAdminApp({
    adminRouter,
    strangerLimit: (error, _req, _res, next) => next(error),
    log: recordLog().log,
    clock: () => 0,
  })
  url = (await serve(app)).url
})

const get = (path: string, token?: string) => {
  const asked = request(url).get(path)
  return token === undefined ? asked : asked.set('authorization', `Bearer ${token}`)
}

describe('without the credential', () => {
  it.each([
    ['/livez', { status: 'live' }],
    ['/readyz', { status: 'ready' }],
  ])('%s says its status and nothing else', async (path, body) => {
    const res = await get(path)

    expect(res.status).toBe(200)
    expect(res.body).toEqual(body)
    expect(res.headers['cache-control']).toBe('no-store')
  })

  it('readiness says when to ask again', async () => {
    ready = false

    const res = await get('/readyz')

    expect(res.status).toBe(503)
    expect(res.body).toEqual({ status: 'not_ready' })
    expect(res.headers['retry-after']).toBe('1')
  })

  it.each([
    '/metrics',
    '/metrics/',
    '/METRICS',
    '//metrics',
    '/metrics?token=x',
    '/metrics%2f',
    '/./metrics',
    '/livez/../metrics',
    '/admin/v1/status',
    '/admin/v1/status/',
    '/admin/V1/status',
    '/admin',
    '/nothing',
    '/',
    '/readyz?verbose',
    '/readyz?verbose=0',
    '/readyz?verbose&verbose',
    '/readyz?a=1&verbose=',
    '/readyz/?verbose',
    '/READYZ?verbose',
    '/readyz?%76erbose',
    '/livez?verbose',
    '/readyz?__proto__=verbose',
  ])('nothing of the inside is at %s', async (path) => {
    const headers = [
      {},
      { 'x-original-url': '/livez', 'x-forwarded-uri': '/livez', 'x-rewrite-url': '/livez' },
      { 'user-agent': 'kube-probe/1.30', 'x-forwarded-for': '127.0.0.1' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: `Basic ${TOKEN}` },
      { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: TOKEN },
    ]
    for (const one of headers) {
      const res = await request(url).get(path).set(one)

      expect(res.text).not.toContain(INSIDE)
      if (res.status !== 200) expect([401, 404]).toContain(res.status)
      if (res.status === 401) expect(res.headers['www-authenticate']).toMatch(/^Bearer/)
    }
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s changes nothing', async (method) => {
    for (const path of ['/livez', '/readyz', '/readyz?verbose', '/metrics', '/admin/v1/status']) {
      const res = await request(url)[method.toLowerCase() as 'post'](path)

      expect([401, 405]).toContain(res.status)
      if (res.status === 405) expect(res.headers.allow).toBe('GET, HEAD')
    }
  })
})

describe('with the credential', () => {
  it.each([true, false])('verbose readiness says everything (ready: %j)', async (isReady) => {
    ready = isReady

    const res = await get('/readyz?verbose', TOKEN)

    expect(res.status).toBe(isReady ? 200 : 503)
    expect(res.body).toMatchObject({ inside: INSIDE })
  })

  it('the status is read, whatever it is', async () => {
    ready = false

    expect((await get('/admin/v1/status', TOKEN)).body).toMatchObject({ status: 'not_ready' })
  })

  it('metrics are text for Prometheus', async () => {
    const res = await get('/metrics', TOKEN)

    expect(res.status).toBe(200)
    expect(res.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(res.text).toContain('knoxgate_refresh_total')
    expect(res.headers['cache-control']).toBe('no-store')
  })

  it('what there is not is not found, and other methods are refused', async () => {
    expect((await get('/nothing', TOKEN)).status).toBe(404)
    const res = await request(url).post('/metrics').set('authorization', `Bearer ${TOKEN}`)
    expect(res.status).toBe(405)
  })

  it.each(['/readyz?verbose', '/admin/v1/status'])(
    'a report that fails is an answer, and not the end of the process (%s)',
    async (path) => {
      broken = true

      const res = await get(path, TOKEN)

      expect(res.status).toBe(503)
      expect(res.body.code).toBe('store_unavailable')
    },
  )
})

it('the public probes say no more when they are asked for more', async () => {
  const readiness: Readiness = {
    isReady: async () => true,
    report: async () => ({ ready: true, body: { inside: INSIDE } }),
  }
  const app = express().use(createProbeRouter(readiness))
  const { url: publicUrl } = await serve(app)

  for (const path of ['/readyz?verbose', '/readyz', '/livez?verbose'])
    expect(
      (await request(publicUrl).get(path).set('authorization', `Bearer ${TOKEN}`)).text,
    ).not.toContain(INSIDE)
})
