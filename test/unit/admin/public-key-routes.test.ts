import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { makeJws } from '../../support/assertions.ts'
import { ENV } from '../config/valid-config.ts'
import { createRealApp, type RealApp } from '../portal/support/real-app.ts'

const PORTAL = 'acme-console'
const KEYS = `/admin/v1/portals/${PORTAL}/keys`
const SCOPES = ['connections:read']

const newPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
type Pair = ReturnType<typeof newPair>
const publicOf = ({ publicKey }: Pair) => publicKey.export({ format: 'jwk' })
const privateOf = ({ privateKey }: Pair) => privateKey.export({ format: 'jwk' })

let real: RealApp
let pair: Pair

beforeEach(async () => {
  real = await createRealApp()
  pair = newPair()
})
afterEach(() => real.close())

const admin = (method: 'get' | 'post' | 'delete', path: string, body?: object) =>
  request(real.admin)[method](path).set('authorization', `Bearer ${ENV.ADMIN_TOKEN}`).send(body)
const register = (body: object = {}) =>
  admin('post', KEYS, { scopes: SCOPES, public_key: publicOf(pair), ...body })

/** The status of a call that is signed with a pair. */
async function statusBy(kid: string, { privateKey }: Pair): Promise<number> {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: PORTAL, sub: PORTAL, aud: ENV.PUBLIC_URL, iat: now, exp: now + 60 }
  const jti = `${kid} ${performance.now()}`
  const text = makeJws('ES256', privateKey, { alg: 'ES256', kid }, { ...claims, jti })
  const path = '/v1/connections'
  return (await request(real.app).get(path).set('authorization', `Bearer ${text}`)).status
}

describe('POST …/keys with a public key', () => {
  it('registers it, and shows it without anything that is secret', async () => {
    const made = await register({ name: 'Console', expires_in_seconds: 3600 })
    const { id } = made.body.key

    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      key: {
        id: expect.stringMatching(/^[a-z2-7]{10}$/),
        type: 'assertion',
        public_key: { ...publicOf(pair), alg: 'ES256' },
        portal: PORTAL,
        source: 'store',
        status: 'active',
        name: 'Console',
        scopes: SCOPES,
        created_at: expect.any(String),
        created_by: 'operate',
        expires_at: expect.any(String),
      },
    })
    expect((await admin('get', KEYS)).body.data.at(-1)).toMatchObject(made.body.key)
    expect(await statusBy(id, pair)).toBe(200)
    expect(await statusBy(id, newPair())).toBe(401)
  })

  it('gives it its scopes, and no others', async () => {
    const { body } = await register({ scopes: ['tokens'] })

    expect(await statusBy(body.key.id, pair)).toBe(403)
  })

  it.each([
    ['a private key', () => privateOf(pair)],
    ['a secret', () => ({ kty: 'oct', k: 'c2VjcmV0' })],
    ['an RSA key without an algorithm', () => ({ ...rsa(2048), alg: undefined })],
    ['a short RSA key', () => ({ ...rsa(1024), alg: 'RS256' })],
    ['text', () => 'a public key'],
    ['nothing', () => null],
    ['a list', () => [publicOf(pair)]],
  ])('refuses %s and says nothing of what it holds', async (_, publicKey) => {
    const given = publicKey()
    const res = await register({ public_key: given })

    expect([res.status, res.body.code]).toEqual([422, 'invalid_request'])
    expect(res.body.errors.map(({ field }: { field: string }) => field)).toEqual(['/public_key'])
    const secret = privateOf(pair).d ?? ''
    expect(res.text).not.toContain(secret)
    expect((await admin('get', KEYS)).body.data).toHaveLength(1)
  })
})

const rsa = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' })

describe('POST …/rotate with a public key', () => {
  it('moves a portal from an API key to signing, and on to the next pair', async () => {
    const { body: first } = await admin('post', KEYS, { scopes: SCOPES })
    const toPair = await admin('post', `${KEYS}/${first.key.id}/rotate`, {
      public_key: publicOf(pair),
    })
    const next = newPair()
    const toNext = await admin('post', `${KEYS}/${toPair.body.key.id}/rotate`, {
      public_key: publicOf(next),
      overlap_seconds: 0,
    })

    expect([toPair.status, toPair.body.api_key, toPair.body.key.replaces]).toEqual([
      201,
      undefined,
      first.key.id,
    ])
    expect([toNext.status, toNext.body.key.type]).toEqual([201, 'assertion'])
    expect(await statusBy(toPair.body.key.id, pair)).toBe(401)
    expect(await statusBy(toNext.body.key.id, next)).toBe(200)
  })

  it('never back', async () => {
    const { body } = await register()
    for (const wish of [{}, undefined, { public_key: publicOf(pair) }]) {
      const res = await admin('post', `${KEYS}/${body.key.id}/rotate`, wish)
      expect([res.status, res.body.errors?.[0].field]).toEqual([422, '/public_key'])
    }
    expect(await statusBy(body.key.id, pair)).toBe(200)
  })
})

it('DELETE …/keys/{id} ends it at once', async () => {
  const { body } = await register()
  expect(await statusBy(body.key.id, pair)).toBe(200)

  expect((await admin('delete', `${KEYS}/${body.key.id}`)).status).toBe(204)
  expect(await statusBy(body.key.id, pair)).toBe(401)
})
