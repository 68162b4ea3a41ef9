import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { StackPortal } from '../../../scripts/stack/config-dir.ts'
import { type Call, connect, consent, createCall } from '../../../scripts/stack/portal-client.ts'
import type { Scope } from '../../../src/config/config.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

const RETURN_URL = 'http://localhost:3999/knox/return'
const SCOPES: readonly Scope[] = [
  'connect',
  'connections:read',
  'connections:write',
  'tokens',
  'proxy',
]
const portal = (id: string, scopes?: readonly Scope[]): StackPortal => ({
  id,
  name: id,
  returnUrl: RETURN_URL,
  ...(scopes === undefined ? {} : { scopes }),
})

let rig: Rig
let id: string
let sessionId: string
let proof: { result_code: string | null; code_verifier: string }
let routes: readonly (readonly [method: string, path: string, body: unknown, scope: Scope])[]

beforeAll(async () => {
  const limited = SCOPES.map((scope) => portal(scope.replace(':', '-'), [scope]))
  rig = await startRig({ portals: [portal('acme'), portal('other'), ...limited] })
  const options = { call: rig.call, program: rig.stack.programId, returnUrl: RETURN_URL }
  id = await rig.connect('tenant-1')
  await rig.token(id)
  const waiting = await consent({ ...options, tenantRef: 'tenant-2', administrator: 'ben' })
  sessionId = waiting.session.body.id
  proof = { result_code: waiting.resultCode, code_verifier: waiting.verifier }
  const again = {
    program: rig.stack.programId,
    tenant_ref: 'tenant-1',
    return_url: RETURN_URL,
    code_challenge: 'a'.repeat(43),
    connection_id: id,
  }
  routes = [
    ['POST', '/v1/connect-sessions', again, 'connect'],
    ['GET', `/v1/connect-sessions/${sessionId}`, undefined, 'connect'],
    ['POST', `/v1/connect-sessions/${sessionId}/complete`, proof, 'connect'],
    ['GET', `/v1/connections/${id}`, undefined, 'connections:read'],
    ['POST', `/v1/connections/${id}/verify`, undefined, 'connections:read'],
    ['POST', `/v1/connections/${id}/token`, undefined, 'tokens'],
    ['DELETE', `/v1/connections/${id}`, undefined, 'connections:write'],
  ]
})
afterAll(() => rig?.close())

const callOf = (portalId: string): Call => createCall(rig.stack.url, rig.stack.apiKey(portalId))
const mistyped = (key: string) => key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
const without = ({ trace_id: _, ...body }: Record<string, unknown>) => body

describe('without a key that is known, the API', () => {
  it.each([
    ['none', () => undefined],
    ['an empty one', () => 'Bearer '],
    ['another scheme', () => `Basic ${btoa(`x:${rig.stack.apiKey()}`)}`],
    ['no scheme', () => rig.stack.apiKey()],
    ['an unknown id', () => `Bearer kg_unknown_${'A'.repeat(43)}`],
    ['a wrong secret', () => `Bearer ${mistyped(rig.stack.apiKey())}`],
    ['a key that is cut', () => `Bearer ${rig.stack.apiKey().slice(0, -1)}`],
    ['a key and more', () => `Bearer ${rig.stack.apiKey()}A`],
    [
      'one id and another secret',
      () => `Bearer ${rig.stack.apiKey('other').slice(0, -43)}${rig.stack.apiKey().slice(-43)}`,
    ],
    ['the admin token', () => `Bearer ${rig.stack.adminToken}`],
  ])('refuses everything alike: %s', async (_, authorization) => {
    const given = authorization()
    const bodies = new Set<string>()
    const unknown = [
      ['GET', '/v1/', undefined],
      ['GET', '/v1/nothing', undefined],
      ['PUT', '/v1/connections', undefined],
      ['POST', `/v1/connections/${id}/token`, { broken: true }],
    ] as const
    for (const [method, path, body] of [...routes, ...unknown]) {
      const answer = await fetch(rig.stack.url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(given === undefined ? {} : { authorization: given }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      expect([method, path, answer.status]).toEqual([method, path, 401])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
      bodies.add(JSON.stringify(without((await answer.json()) as Record<string, unknown>)))
    }
    expect(bodies.size).toBe(1)
  })
})

describe('with another portal’s key, the API', () => {
  it('answers as if there were no such thing', async () => {
    const other = callOf('other')
    for (const [method, path, body] of routes) {
      const foreign = await other(method, path, body)
      const absent = path.replace(/(conn|cs)_\w{32}/, `$1_${'0'.repeat(32)}`)
      const nothing =
        method === 'POST' && path === '/v1/connect-sessions'
          ? await other(method, path, { ...Object(body), connection_id: `conn_${'0'.repeat(32)}` })
          : await other(method, absent, body)
      expect([method, path, foreign.status]).toEqual([method, path, 404])
      expect(without(foreign.body)).toEqual(without(nothing.body))
    }
    expect((await rig.token(id)).status).toBe(200)
  })

  it('lists nothing of it, by no filter and no cursor', async () => {
    const other = callOf('other')
    const own = await connect({
      call: other,
      program: rig.stack.programId,
      tenantRef: 'tenant-1',
      returnUrl: RETURN_URL,
      administrator: 'ben',
    })
    const second = await rig.connect('tenant-3')
    const { body: page } = await rig.call('GET', '/v1/connections?limit=1')

    for (const query of ['', '?tenant_ref=tenant-1', '?status=active', '?program=emm-eu']) {
      const { body } = await other('GET', `/v1/connections${query}`)
      expect(body.data.map((one: { id: string }) => one.id)).toEqual([own.body.id])
    }
    expect(page.next_cursor).not.toBeNull()
    const stolen = await other('GET', `/v1/connections?cursor=${page.next_cursor}`)
    expect([stolen.status, stolen.body.code]).toEqual([422, 'invalid_request'])
    const next = await rig.call('GET', `/v1/connections?limit=1&cursor=${page.next_cursor}`)
    expect(next.body.data[0].id).toBe(second)
  })
})

describe('a key with one scope', () => {
  it.each(SCOPES)('%s opens its own routes and no other', async (scope) => {
    const call = callOf(scope.replace(':', '-'))
    const list = ['GET', '/v1/connections', undefined, 'connections:read'] as const
    for (const [method, path, body, needed] of [...routes, list]) {
      const { status, body: answer, headers } = await call(method, path, body)
      const opened = path === '/v1/connections' ? 200 : 404
      expect([method, path, status]).toEqual([method, path, scope === needed ? opened : 403])
      if (scope === needed) continue
      expect(answer).toMatchObject({ code: 'insufficient_scope', owner: 'portal' })
      expect(answer.detail).toContain(needed)
      expect(headers.get('content-type')).toBe('application/problem+json')
    }
  })
})

describe('a record that somebody copied to the place of another', () => {
  it.each([
    ['as it is', (text: string) => text],
    ['with the other’s id', (text: string, to: string) => text.replaceAll(id, to)],
  ])('gives nobody the other customer’s token: %s', async (name, changed) => {
    const victim = await rig.connect(name, 'ben')
    await rig.token(victim)
    const text = (await rig.db.hget(documentKey(id), 'record')) ?? ''
    await rig.db.hset(documentKey(victim), 'record', changed(text, victim), 'writes', 'copied')

    const answers = [
      await rig.token(victim),
      await rig.token(victim, { min_ttl_seconds: 100 }),
      await rig.call('POST', `/v1/connections/${victim}/verify`),
    ]

    for (const { status, body } of answers)
      expect([status, body.code]).toEqual([503, 'record_unreadable'])
    expect((await rig.token(id)).status).toBe(200)
  })
})
