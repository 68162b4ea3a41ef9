import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { ENV } from '../config/valid-config.ts'
import { ADMIN_READ_TOKEN, createRealApp, type RealApp } from '../portal/support/real-app.ts'
import { routesOf } from '../portal/support/routes-of.ts'

/** What anybody may ask; everything else needs a credential. A new route is not here. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  public: [
    'GET /callback/{program}',
    'GET /callback/{program}/continue',
    'GET /connect/ended',
    'GET /connect/{id}',
    'GET /livez',
    'GET /openapi.json',
    'GET /readyz',
    'POST /callback/{program}',
    'POST /connect/{id}',
  ],
  // `GET /readyz` without `verbose`.
  admin: ['GET /livez', 'GET /readyz'],
}

const ADMIN_ROUTES = [
  'DELETE /admin/v1/freezes',
  'DELETE /admin/v1/portals/{portal}/keys/{key}',
  'GET /admin/v1/freezes',
  'GET /admin/v1/portals/{portal}/keys',
  'GET /admin/v1/status',
  'GET /livez',
  'GET /metrics',
  'GET /readyz',
  'POST /admin/v1/freezes',
  'POST /admin/v1/portals/{portal}/keys',
  'POST /admin/v1/portals/{portal}/keys/{key}/expire',
  'POST /admin/v1/portals/{portal}/keys/{key}/rotate',
]

let real: RealApp

beforeAll(async () => {
  real = await createRealApp()
})
afterAll(() => real?.close())

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head'

const appOf = (listener: string): Express => (listener === 'public' ? real.app : real.admin)

/** A request to a route, or to a path in the same place. */
function ask(app: Express, route: string, authorization?: string) {
  const [method = '', template = ''] = route.split(' ')
  const path = template.replace('{portal}', 'acme-console').replace(/\{\w+\}/g, 'x')
  const asked = request(app)[method.toLowerCase() as Method](path)
  return authorization === undefined ? asked : asked.set('authorization', authorization)
}

const bearer = (token: string) => `Bearer ${token}`
const closed = (listener: string) =>
  routesOf(appOf(listener)).filter((route) => !OPEN[listener]?.includes(route))

it('the routes of the admin listener are these', () => {
  expect(routesOf(real.admin)).toEqual(ADMIN_ROUTES)
})

it.each(['public', 'admin'])('what is open at the %s listener is there', (listener) => {
  const routes = routesOf(appOf(listener))
  expect(OPEN[listener]?.filter((route) => !routes.includes(route))).toEqual([])
  expect(closed(listener).length).toBeGreaterThan(5)
})

describe.each(['public', 'admin'])('every other route of the %s listener', (listener) => {
  const WRONG: readonly (readonly [string, () => string | undefined])[] = [
    ['nothing', () => undefined],
    ['an empty credential', () => 'Bearer '],
    ['another scheme', () => `Basic ${btoa('admin:admin')}`],
    ['an unknown key', () => bearer(`kg_unknown_${'A'.repeat(43)}`)],
    ['a token that is none', () => bearer('A'.repeat(43))],
    [
      'the credential of the other listener',
      () => bearer(listener === 'public' ? ENV.ADMIN_TOKEN : (real.apiKeys[0] ?? '')),
    ],
  ]

  it.each(WRONG)('is closed to %s, with the same answer', async (_, authorization) => {
    const answers = new Set<string>()
    for (const route of closed(listener)) {
      const { status, body, headers } = await ask(appOf(listener), route, authorization())
      expect([route, status, body.code]).toEqual([route, 401, 'invalid_api_key'])
      expect(headers['cache-control']).toBe('no-store')
      const { trace_id, ...rest } = body
      expect(trace_id).toMatch(/^[0-9a-f]{32}$/)
      answers.add(JSON.stringify(rest))
    }
    expect(answers.size).toBe(1)
  })
})

describe('the admin listener', () => {
  it('tells nobody what there is', async () => {
    for (const path of ['/', '/admin', '/admin/v1', '/admin/v1/nothing', '/metrics/', '/METRICS'])
      for (const method of ['GET', 'POST', 'PUT', 'OPTIONS'])
        expect((await ask(real.admin, `${method} ${path}`)).status).toBe(401)
    expect((await ask(real.admin, 'GET /readyz?verbose')).status).toBe(401)
    expect((await ask(real.admin, 'GET /readyz?verbose=0')).status).toBe(401)
  })

  it('lets a reader read everything and change nothing', async () => {
    for (const route of closed('admin')) {
      const { status, body } = await ask(real.admin, route, bearer(ADMIN_READ_TOKEN))
      const refused = [403, 'insufficient_scope']
      if (route.startsWith('GET ')) expect([route, status]).toEqual([route, 200])
      else expect([route, status, body.code]).toEqual([route, ...refused])
    }
    const verbose = await ask(real.admin, 'GET /readyz?verbose', bearer(ADMIN_READ_TOKEN))
    expect(verbose.body.key_ring.opens).toBe(true)
  })

  it('reads no body before the credential is known', async () => {
    const res = await request(real.admin)
      .post('/admin/v1/freezes')
      .set('content-type', 'application/json')
      .send('{broken')

    expect(res.status).toBe(401)
  })
})
