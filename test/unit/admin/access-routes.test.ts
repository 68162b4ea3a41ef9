import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { ENV } from '../config/valid-config.ts'
import { createRealApp, type RealApp } from '../portal/support/real-app.ts'

const KEYS = '/admin/v1/portals/acme-console/keys'
const FREEZES = '/admin/v1/freezes'

let real: RealApp

beforeEach(async () => {
  real = await createRealApp()
})
afterEach(() => real.close())

type Method = 'get' | 'post' | 'put' | 'delete'

const admin = (method: Method, path: string, body?: object) =>
  request(real.admin)[method](path).set('authorization', `Bearer ${ENV.ADMIN_TOKEN}`).send(body)
const listWith = (apiKey: string) =>
  request(real.app).get('/v1/connections').set('authorization', `Bearer ${apiKey}`)
const fieldsOf = ({ body }: { readonly body: { errors?: readonly { field: string }[] } }) =>
  body.errors?.map(({ field }) => field)

describe('POST …/keys', () => {
  it('makes a key, shows it once, and says everything of it but the hash', async () => {
    const wish = {
      name: 'Nightly report',
      scopes: ['connections:read', 'tokens'],
      programs: ['emm-eu'],
      cidrs: ['127.0.0.0/8', '::1'],
      proxy: { products: ['kme'], methods: ['GET', 'POST'], path_prefixes: ['/kcs/v1/kme/'] },
      expires_in_seconds: 86_400,
    }
    const made = await admin('post', KEYS, wish)

    expect(made.status).toBe(201)
    expect(made.headers['cache-control']).toBe('no-store')
    const { expires_in_seconds: _, ...rights } = wish
    expect(made.body.key).toEqual({
      ...rights,
      id: expect.stringMatching(/^[a-z2-7]{10}$/),
      type: 'api_key',
      prefix: `kg_${made.body.key.id}_`,
      portal: 'acme-console',
      source: 'store',
      status: 'active',
      created_at: expect.any(String),
      created_by: 'operate',
      expires_at: expect.any(String),
    })
    expect(made.body.api_key).toMatch(/^kg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}$/)
    const { created_at, expires_at } = made.body.key
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(86_400_000)
    expect((await listWith(made.body.api_key)).status).toBe(200)
    const listed = await admin('get', KEYS)
    expect(listed.body.data).toHaveLength(2)
    expect(listed.text).not.toContain(made.body.api_key.slice(-43))
    expect(listed.text).not.toContain('hash')
  })

  it.each([
    ['no scope', { scopes: [] }, '/scopes'],
    ['a scope that there is not', { scopes: ['tokens', 'admin'] }, '/scopes/1'],
    ['a scope twice', { scopes: ['tokens', 'tokens'] }, '/scopes'],
    ['nothing', {}, '/scopes'],
    ['an unknown field', { scopes: ['tokens'], admin: true }, '/admin'],
    [
      'a program that the portal does not have',
      { scopes: ['tokens'], programs: ['msp'] },
      '/programs/0',
    ],
    ['a mapped network', { scopes: ['tokens'], cidrs: ['::ffff:10.0.0.0/8'] }, '/cidrs/0'],
    ['a host name', { scopes: ['tokens'], cidrs: ['localhost'] }, '/cidrs/0'],
    ['no networks', { scopes: ['tokens'], cidrs: [] }, '/cidrs'],
    ['a method', { scopes: ['proxy'], proxy: { methods: ['CONNECT'] } }, '/proxy/methods/0'],
    ['a life of a second', { scopes: ['tokens'], expires_in_seconds: 1 }, '/expires_in_seconds'],
    ['a fraction', { scopes: ['tokens'], expires_in_seconds: 60.5 }, '/expires_in_seconds'],
    ['a name with a line break', { scopes: ['tokens'], name: 'a\nb' }, '/name'],
    ...['kcs', '/kcs/../x', '/kcs//x', '/kcs%2fx', '/kcs;x', '/.', '/'].map(
      (prefix) =>
        [
          `the path ${prefix}`,
          { scopes: ['proxy'], proxy: { path_prefixes: [prefix] } },
          '/proxy/path_prefixes/0',
        ] as const,
    ),
  ])('refuses %s', async (_, body, field) => {
    const res = await admin('post', KEYS, body)

    expect([res.status, res.body.code]).toEqual([422, 'invalid_request'])
    expect(fieldsOf(res)).toEqual([field])
    expect((await admin('get', KEYS)).body.data).toHaveLength(1)
  })

  it('answers 404 for a portal that there is not, and 405 for another method', async () => {
    const wish = { scopes: ['tokens'] }
    for (const portal of ['nobody', 'A', '%00', 'a'.repeat(64)]) {
      const res = await admin('post', `/admin/v1/portals/${portal}/keys`, wish)
      expect([res.status, res.body.code]).toEqual([404, 'not_found'])
    }
    const res = await admin('put', KEYS, wish)
    expect([res.status, res.headers.allow]).toEqual([405, 'GET, HEAD, POST'])
    expect((await admin('get', `${KEYS}?all=1`)).status).toBe(422)
  })
})

describe('a key that is there', () => {
  async function make() {
    const { body } = await admin('post', KEYS, { scopes: ['connections:read'] })
    return { apiKey: String(body.api_key), path: `${KEYS}/${body.key.id}`, id: String(body.key.id) }
  }

  it('is rotated, with a day of overlap unless told otherwise', async () => {
    const old = await make()
    const next = await admin('post', `${old.path}/rotate`)

    expect(next.status).toBe(201)
    expect(next.body.key).toMatchObject({ scopes: ['connections:read'], replaces: old.id })
    for (const apiKey of [old.apiKey, next.body.api_key])
      expect((await listWith(apiKey)).status).toBe(200)
    const [, listed] = (await admin('get', KEYS)).body.data
    const leftMs = Date.parse(listed.expires_at) - Date.now()
    expect(leftMs).toBeGreaterThan(86_390_000)
    expect(leftMs).toBeLessThanOrEqual(86_400_000)

    const now = await admin('post', `${KEYS}/${next.body.key.id}/rotate`, { overlap_seconds: 0 })
    expect(now.status).toBe(201)
    expect((await listWith(next.body.api_key)).status).toBe(401)
  })

  it('is expired at once or later', async () => {
    const one = await make()

    const later = await admin('post', `${one.path}/expire`, { after_seconds: 3600 })
    expect(later.body).toMatchObject({ id: one.id, status: 'active' })
    expect((await listWith(one.apiKey)).status).toBe(200)
    const now = await admin('post', `${one.path}/expire`, { after_seconds: 0 })
    expect(now.body).toMatchObject({ id: one.id, status: 'expired' })
    expect((await listWith(one.apiKey)).status).toBe(401)
    expect((await admin('post', `${one.path}/expire`, {})).status).toBe(422)
    expect((await admin('post', `${one.path}/rotate`)).status).toBe(422)
  })

  it('is answered, expired or revoked, as one that nobody knows', async () => {
    const [expired, revoked] = [await make(), await make()]
    await admin('post', `${expired.path}/expire`, { after_seconds: 0 })
    expect((await admin('delete', revoked.path)).status).toBe(204)

    const answers = []
    for (const apiKey of [expired.apiKey, revoked.apiKey, `kg_unknown_${'A'.repeat(43)}`]) {
      const { trace_id: _, ...body } = (await listWith(apiKey)).body
      answers.push(JSON.stringify(body))
    }
    expect(new Set(answers).size).toBe(1)
    for (const path of [revoked.path, `${revoked.path}/rotate`])
      expect((await admin(path === revoked.path ? 'delete' : 'post', path)).status).toBe(404)
  })

  it('can be used from its networks only', async () => {
    const wish = { scopes: ['connections:read'], cidrs: ['192.0.2.0/24'] }
    const { body } = await admin('post', KEYS, wish)

    const res = await listWith(body.api_key).set('x-forwarded-for', '192.0.2.1')
    expect([res.status, res.body.code]).toEqual([401, 'invalid_api_key'])
  })
})

describe('freezes', () => {
  it('are set, listed and lifted', async () => {
    const frozen = await admin('post', FREEZES, {
      target: 'portal',
      id: 'acme-console',
      reason: 'Incident 4711',
    })
    const everything = await admin('post', FREEZES, { target: 'everything', reason: 'all of it' })

    expect(frozen.body).toEqual({
      target: 'portal',
      id: 'acme-console',
      since: expect.any(String),
      reason: 'Incident 4711',
      by: 'operate',
    })
    expect(everything.body).toMatchObject({ target: 'everything' })
    expect((await admin('get', FREEZES)).body.data).toEqual([frozen.body, everything.body])
    expect((await admin('delete', `${FREEZES}?target=everything`)).status).toBe(204)
    expect((await admin('delete', `${FREEZES}?target=everything`)).status).toBe(404)
    expect((await admin('get', FREEZES)).body.data).toEqual([frozen.body])
  })

  it('refuse a new connect session', async () => {
    await admin('post', FREEZES, { target: 'program', id: 'emm-eu', reason: 'x' })

    const res = await request(real.app)
      .post('/v1/connect-sessions')
      .set('authorization', `Bearer ${real.apiKeys[0]}`)
      .send({
        program: 'emm-eu',
        tenant_ref: 'tenant-1',
        return_url: 'https://console.acme.example/knox/return',
        code_challenge: 'a'.repeat(43),
      })

    expect(res.status).toBe(409)
    expect(res.body).toMatchObject({
      code: 'connection_frozen',
      owner: 'operator',
      detail: 'the operator has frozen the program',
    })
  })

  it.each([
    ['a portal that there is not', { target: 'portal', id: 'acme' }, 404],
    ['a program that there is not', { target: 'program', id: 'acme-console' }, 404],
    ['a connection that there is not', { target: 'connection', id: `conn_${'0'.repeat(32)}` }, 404],
    ['what is no connection', { target: 'connection', id: 'sentinel' }, 404],
    ['another target', { target: 'key', id: 'x' }, 422],
    ['a portal without its id', { target: 'portal' }, 422],
    ['everything of something', { target: 'everything', id: 'acme-console' }, 422],
    ['no reason', { target: 'everything', reason: '' }, 422],
    ['a reason that is too long', { target: 'everything', reason: 'x'.repeat(201) }, 422],
    ['a reason that is not printable', { target: 'everything', reason: 'a\u202eb' }, 422],
  ])('are none of %s', async (_, body, status) => {
    const res = await admin('post', FREEZES, { reason: 'x', ...body })

    expect(res.status).toBe(status)
    expect((await admin('get', FREEZES)).body.data).toEqual([])
  })

  it('are lifted by exactly what they were set with', async () => {
    await admin('post', FREEZES, { target: 'portal', id: 'acme-console', reason: 'x' })

    expect((await admin('delete', FREEZES)).status).toBe(422)
    expect((await admin('delete', `${FREEZES}?target=portal`)).status).toBe(422)
    expect((await admin('delete', `${FREEZES}?target=program&id=acme-console`)).status).toBe(404)
    expect((await admin('get', FREEZES)).body.data).toHaveLength(1)
  })
})
