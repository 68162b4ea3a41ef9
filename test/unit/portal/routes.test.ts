import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Router } from 'express'
import { newConnectionId, newConnectSessionId } from '../../../src/shared/ids.ts'
import { nameOf, ROUTES, rows, type V1Route } from './support/routes.ts'
import { acme, createPortalWorld, other, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let ids: { readonly session: string; readonly connection: string }

beforeEach(async () => {
  world = await createPortalWorld()
  const session = await world.consent.createSession(acme.portal, {
    program: 'emm-eu',
    tenantRef: 'tenant-2',
    returnUrl: acme.portal.returnUrls[0] ?? '',
    codeChallenge: 'c'.repeat(43),
    allowAccountChange: false,
  })
  ids = { session: session.id, connection: await world.connect() }
})

const pathOf = ({ path }: V1Route, own = ids): string =>
  path.replace('{session}', own.session).replace('{connection}', own.connection)

const withIds = ROUTES.filter(({ path }) => path.includes('{'))

/** The body without what differs with every request. */
function stable({ trace_id, ...body }: Record<string, unknown>) {
  expect(trace_id).toMatch(/^[0-9a-f]{32}$/)
  return body
}

function routesOf(router: Router): string[] {
  return router.stack.flatMap(({ route }) => {
    if (route === undefined) return ['a handler without a route']
    const methods = new Set(route.stack.map(({ method }) => method).filter(Boolean))
    return [...methods].map((method) => `${method?.toUpperCase()} /v1${route.path}`)
  })
}

it('are all known here', () => {
  const documented = ROUTES.map((route) => nameOf(route).replace(/\{\w+\}/, ':id'))

  expect(world.portalRouters.flatMap(routesOf).sort()).toEqual([...documented].sort())
})

describe('without a valid key', () => {
  const KEYS: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['another scheme', `Basic ${acme.apiKey}`],
    ['no key', 'Bearer'],
    ['something else', 'Bearer abc'],
    ['an unknown id', `Bearer kg_unknown_${'A'.repeat(43)}`],
    [
      'a wrong secret',
      `Bearer ${acme.apiKey.slice(0, -1)}${acme.apiKey.endsWith('A') ? 'B' : 'A'}`,
    ],
    ['two keys', `Bearer ${acme.apiKey} ${acme.apiKey}`],
  ]

  it.each(rows(ROUTES))('%s answers 401, the same to all', async (_, route) => {
    const before = world.writes()
    const answers = []
    for (const [, authorization] of KEYS) {
      const request = world.send(route.method, pathOf(route))
      if (authorization !== '') request.set('authorization', authorization)
      const res = await request.send(route.body)
      answers.push({ status: res.status, body: stable(res.body) })
      expect(res.headers['www-authenticate']).toMatch(/^Bearer realm="knoxgate"/)
    }

    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } })
    expect(world.writes()).toBe(before)
  })

  it('nothing is said of what there is', async () => {
    for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/connections/x/y/z'])
      for (const method of ['GET', 'PUT', 'OPTIONS'])
        expect((await world.send(method, path)).status).toBe(401)
  })

  it('no body is read', async () => {
    const res = await world
      .send('POST', '/v1/connect-sessions')
      .set('content-type', 'application/json')
      .send('{broken')

    expect(res.status).toBe(401)
  })
})

describe('with a key of another portal', () => {
  it.each(rows(withIds))('%s answers like something that is not there', async (_, route) => {
    const before = world.writes()
    const absent = { session: newConnectSessionId(), connection: newConnectionId(1) }
    const ask = (path: string) => world.call(route.method, path, other.apiKey).send(route.body)

    const foreign = await ask(pathOf(route))
    const nothing = await ask(pathOf(route, absent))
    const malformed = await ask(pathOf(route, { session: 'cs_x', connection: 'conn_x' }))

    expect(foreign.status).toBe(404)
    expect(foreign.body.code).toBe('not_found')
    for (const same of [nothing, malformed]) {
      expect(same.status).toBe(404)
      expect(stable(same.body)).toEqual(stable(foreign.body))
    }
    expect(world.writes()).toBe(before)
    expect(world.samsung.exchanged).toEqual([])
  })
})

describe('with a key that lacks a scope', () => {
  it.each(rows(ROUTES))('%s answers 403', async (_, route) => {
    const before = world.writes()
    const apiKey = acme.without.get(route.scope) ?? ''

    const res = await world.call(route.method, pathOf(route), apiKey).send(route.body)

    expect(res.status).toBe(403)
    expect(res.body).toMatchObject({ code: 'insufficient_scope', owner: 'portal' })
    expect(res.body.detail).toContain(route.scope)
    expect(world.writes()).toBe(before)
  })

  it.each(rows(ROUTES))('%s needs no other scope', async (_, route) => {
    for (const [scope, apiKey] of acme.without) {
      if (scope === route.scope) continue
      const res = await world.call(route.method, pathOf(route), apiKey).send(route.body)
      expect(res.status).not.toBe(403)
    }
  })
})

describe('with another method', () => {
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
  const paths = [...new Set(ROUTES.map(({ path }) => path))]

  it.each(paths)('%s answers 405 and says which it takes', async (path) => {
    const known = ROUTES.filter((route) => route.path === path).map(({ method }) => method)
    const [route] = ROUTES.filter((one) => one.path === path)
    for (const method of METHODS.filter((one) => !known.some((own) => own === one))) {
      const res = await world.call(method, route ? pathOf(route) : '')

      expect(res.status).toBe(405)
      expect(res.body.code).toBe('method_not_allowed')
      const expected = known.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one]))
      expect(res.headers.allow).toBe(expected.join(', '))
    }
  })
})

describe('every answer', () => {
  it.each(rows(ROUTES))('of %s can be kept by nobody', async (_, route) => {
    const answers = [
      await world.call(route.method, pathOf(route)).send(route.body),
      await world.send(route.method, pathOf(route)).send(route.body),
    ]
    for (const { headers } of answers) {
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers.etag).toBeUndefined()
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })

  it('to an address that there is not is a problem document', async () => {
    for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/connections/x/y', '/v1/%00']) {
      const res = await world.call('GET', path)

      expect(res.status).toBe(404)
      expect(res.headers['content-type']).toBe('application/problem+json')
    }
  })

  it('to an address that cannot be read is a problem document', async () => {
    const res = await world.call('GET', '/v1/connections/%E0%A4%A')

    expect(res.status).toBe(400)
    expect(res.body.code).toBe('malformed_request')
  })
})
