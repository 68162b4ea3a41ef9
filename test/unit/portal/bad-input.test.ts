import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ROUTES, rows, type V1Route } from './support/routes.ts'
import { acme, BODY_LIMIT, createPortalWorld, type PortalWorld } from './support/world.ts'

let world: PortalWorld
let ids: { readonly session: string; readonly connection: string }
let writesBefore: number
const prototype = Object.getOwnPropertyNames(Object.prototype).sort()

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
  writesBefore = world.writes()
})

afterEach(() => {
  expect(world.writes()).toBe(writesBefore)
  expect(world.samsung.exchanged).toEqual([])
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototype)
  expect({}).not.toHaveProperty('polluted')
})

const pathOf = ({ path }: V1Route): string =>
  path.replace('{session}', ids.session).replace('{connection}', ids.connection)

/** Sends a body exactly as it is given. */
async function send(route: V1Route, body: string | Buffer, type = 'application/json') {
  const res = await world
    .call(route.method, pathOf(route))
    .set('content-type', type)
    .serialize((raw: string) => raw)
    .send(body as string)
  expect(res.status).toBeGreaterThanOrEqual(400)
  expect(res.status).toBeLessThan(500)
  expect(res.headers['content-type']).toBe('application/problem+json')
  expect(res.headers['cache-control']).toBe('no-store')
  return res
}

const BODIED = ROUTES.filter(({ body }) => body !== undefined)

/** A text of an object whose first member is the given one. */
const withMember = (route: V1Route, member: string): string => {
  const rest = JSON.stringify(route.body).slice(1)
  return rest === '}' ? `{${member}}` : `{${member},${rest}`
}

describe.each(rows(BODIED))('%s', (_, route) => {
  it('refuses what is no JSON', async () => {
    for (const body of ['{', '{"a":}', 'null x', "{'a':1}", '{"a":1,}', '\ufeff{}', 'NaN']) {
      const res = await send(route, body)

      expect(res.status).toBe(400)
      expect(res.body).toMatchObject({ code: 'malformed_request', owner: 'portal' })
    }
  })

  it('refuses what is no JSON object', async () => {
    for (const body of ['null', '[]', '1', 'true', '"text"', '[{}]']) {
      const res = await send(route, body)

      expect(res.status).toBe(422)
      expect(res.body.errors).toEqual([{ field: '', rule: 'must be a JSON object' }])
    }
  })

  it('refuses a field that it does not know, by name', async () => {
    const res = await send(route, JSON.stringify({ ...route.body, invented: 'canary-value' }))

    expect(res.status).toBe(422)
    expect(res.body.errors).toContainEqual({ field: '/invented', rule: 'is not known' })
    expect(res.text).not.toContain('canary-value')
  })

  it('refuses a field that is given twice, also when it is written in another way', async () => {
    for (const name of ['x', '\\u0078']) {
      const res = await send(route, withMember(route, `"x":1,"${name}":2`))

      expect(res.status).toBe(422)
      expect(res.body.errors).toEqual([{ field: '/x', rule: 'is given more than once' }])
    }
  })

  it.each(['__proto__', 'constructor', 'prototype'])('refuses %s', async (name) => {
    const bodies = [`"${name}":{"polluted":1}`, `"x":{"${name}":{"polluted":1}}`]
    for (const member of [...bodies, `"${name.replace('o', '\\u006f')}":1`]) {
      const res = await send(route, withMember(route, member))

      expect(res.status).toBe(422)
      expect(res.body.errors[0].field).toMatch(new RegExp(`${name}$`))
    }
  })

  it('refuses bytes that are not UTF-8', async () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
      const body = Buffer.concat([Buffer.from('{"x":"'), Buffer.from(bytes), Buffer.from('"}')])
      const res = await send(route, body)

      expect(res.status).toBe(400)
      expect(res.body.detail).toContain('UTF-8')
    }
  })

  it('refuses another content type', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'application/merge-patch+json',
      'application/json, text/plain',
    ]
    for (const type of types) {
      const res = await send(route, JSON.stringify(route.body), type)

      expect(res.status).toBe(415)
      expect(res.body.code).toBe('unsupported_media_type')
    }
  })

  it('refuses a compressed body', async () => {
    const res = await world
      .call(route.method, pathOf(route))
      .set({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .send(JSON.stringify(route.body))

    expect(res.status).toBe(415)
  })

  it('refuses a body of a byte too many, and one of sixteen megabytes', async () => {
    for (const size of [BODY_LIMIT + 1, 16 * 1024 * 1024]) {
      const body = `{"x":"${'a'.repeat(size - 8)}"}`
      expect(Buffer.byteLength(body)).toBe(size)
      const res = await send(route, body)

      expect(res.status).toBe(413)
      expect(res.body.detail).toContain(String(BODY_LIMIT))
    }
  })

  it('refuses what is nested too deeply', async () => {
    const res = await send(route, withMember(route, `"x":${'['.repeat(5000)}${']'.repeat(5000)}`))

    expect(res.status).toBe(422)
    expect(res.body.errors[0].rule).toContain('deeper')
  })

  it('refuses a query', async () => {
    for (const query of ['?a=1', '?a', '?a=1&a=2', '?__proto__=1', '?a[]=1']) {
      const res = await world.call(route.method, pathOf(route) + query).send(route.body)

      expect(res.status).toBe(422)
      expect(res.body.errors[0].field).not.toBe('')
    }
  })
})

describe.each(rows(BODIED.filter(({ body }) => Object.keys(body ?? {}).length > 0)))(
  '%s',
  (_, route) => {
    const fields = Object.keys(route.body ?? {})

    it.each(fields)('refuses another type for %s', async (field) => {
      for (const value of [null, [], [route.body?.[field]], {}, true]) {
        const res = await send(route, JSON.stringify({ ...route.body, [field]: value }))

        expect(res.status).toBe(422)
        expect(res.body.errors).toEqual([{ field: `/${field}`, rule: expect.any(String) }])
      }
    })

    it.each(fields)('refuses an over-long %s, and does not repeat it', async (field) => {
      const canary = `canary${'x'.repeat(8000)}`
      const res = await send(route, JSON.stringify({ ...route.body, [field]: canary }))

      expect(res.status).toBe(422)
      expect(res.body.errors[0].field).toBe(`/${field}`)
      expect(res.text).not.toContain('canary')
    })
  },
)

describe.each(rows(BODIED.filter(({ bodyIsOptional }) => bodyIsOptional !== true)))(
  '%s',
  (_, route) => {
    it('names every field that is missing', async () => {
      const res = await send(route, '{}')

      const fields = res.body.errors.map(({ field }: { field: string }) => field)
      expect(fields.sort()).toEqual(
        Object.keys(route.body ?? {})
          .map((name) => `/${name}`)
          .sort(),
      )
    })

    it('refuses no body at all', async () => {
      const res = await world.call(route.method, pathOf(route))

      expect(res.status).toBe(422)
      expect(res.body.errors).toEqual([{ field: '', rule: 'must be an object' }])
    })
  },
)

describe('every other route', () => {
  it.each(rows(ROUTES.filter(({ body }) => body === undefined)))(
    '%s refuses a body that cannot be read, and a parameter that it does not know',
    async (_, route) => {
      const broken = await send(route, '{broken')
      const unknown = await world.call(route.method, `${pathOf(route)}?invented=1`)

      expect(broken.status).toBe(400)
      expect(unknown.status).toBe(422)
      expect(unknown.body.errors).toEqual([{ field: 'invented', rule: 'is not known' }])
    },
  )

  it.each(rows(ROUTES.filter(({ body }) => body === undefined)))(
    '%s refuses a body that says something',
    async (_, route) => {
      const res = await send(route, '{"dry_run":true}')

      expect(res.status).toBe(422)
      expect(res.body.errors).toEqual([{ field: '/dry_run', rule: 'is not known' }])
    },
  )

  it.each(rows(ROUTES))('%s refuses an address that is too long', async (_, route) => {
    const res = await world.call(route.method, `${pathOf(route)}?a=${'x'.repeat(4096)}`)

    expect(res.status).toBe(414)
    expect(res.body.code).toBe('uri_too_long')
  })
})
