import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent } from '../../../scripts/stack/portal-client.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { expectNoTrace, expectProblem, type Refused, storeContent } from './bad-input.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const BODY_LIMIT = 16_384

let rig: Rig
let before: ReadonlyMap<string, string>
let routes: readonly (readonly [method: string, path: string])[]
let valid: Readonly<Record<string, Readonly<Record<string, unknown>>>>

beforeAll(async () => {
  rig = await startRig()
  const { call, stack } = rig
  const returnUrl = stack.portals[0]?.returnUrl ?? ''
  const conn = `/v1/connections/${await rig.connect('tenant-1')}`
  const options = { call, program: stack.programId, tenantRef: 'tenant-2', returnUrl }
  const waiting = await consent(options)
  const session = `/v1/connect-sessions/${waiting.session.body.id}`
  routes = [
    ['POST', '/v1/connect-sessions'],
    ['GET', session],
    ['POST', `${session}/complete`],
    ['GET', '/v1/connections'],
    ['GET', conn],
    ['DELETE', conn],
    ['POST', `${conn}/token`],
    ['POST', `${conn}/verify`],
  ]
  valid = {
    '/v1/connect-sessions': {
      program: stack.programId,
      tenant_ref: 'tenant-3',
      tenant_name: 'Marlow Retail',
      return_url: returnUrl,
      code_challenge: 'a'.repeat(43),
      connection_id: conn.split('/').at(-1),
      allow_account_change: true,
      locale: 'en-US',
    },
    [`${session}/complete`]: { result_code: 'a'.repeat(43), code_verifier: 'b'.repeat(43) },
    [`${conn}/token`]: { min_ttl_seconds: 60, rejected: 'AAAAAAAAAAAAAAAA' },
    [`${conn}/verify`]: {},
  }
  before = await storeContent(rig)
})
afterAll(() => rig?.close())

async function send(
  [method, path]: readonly [string, string],
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = body === undefined ? {} : JSON_TYPE,
): Promise<Refused> {
  const authorization = `Bearer ${rig.stack.apiKey()}`
  // `fetch` sends no body with GET; the tests on bare sockets do.
  const sent = body === undefined || method === 'GET' ? {} : { body }
  const init = { method, headers: { authorization, ...headers }, ...sent }
  const answer = await fetch(rig.stack.url + path, init)
  const contentType = answer.headers.get('content-type')
  const name = `${method} ${path} ${String(body ?? '').slice(0, 60)}`
  return { name, status: answer.status, contentType, text: await answer.text() }
}

/** Refuses with the status and code, and with a field and a rule where there is one to name. */
function expectRefusal(refused: Refused, status: number, code: string, field?: string): void {
  const body = expectProblem(refused)
  expect([refused.name, refused.status, body.code]).toEqual([refused.name, status, code])
  if (status !== 422) return
  for (const one of body.errors)
    expect(one).toEqual({ field: expect.any(String), rule: expect.any(String) })
  const fields = body.errors.map((one: { field: string }) => one.field)
  if (field !== undefined)
    expect([refused.name, fields]).toEqual([refused.name, expect.arrayContaining([field])])
}

const withBodies = () => routes.filter(([method]) => method !== 'GET')

describe('a body', () => {
  it.each<readonly [string, string | Uint8Array<ArrayBuffer>, number, string]>([
    ['that breaks off', '{"program":"emm', 400, 'malformed_request'],
    ['that is no JSON', 'program=emm-eu', 400, 'malformed_request'],
    ['with two values', '{}{}', 400, 'malformed_request'],
    ['with a comment', '{/* */}', 400, 'malformed_request'],
    ['that begins with a byte order mark', '\ufeff{}', 400, 'malformed_request'],
    [
      'that is not UTF-8',
      Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
      400,
      'malformed_request',
    ],
    ['that is an array', '[]', 422, 'invalid_request'],
    ['that is null', 'null', 422, 'invalid_request'],
    ['that is a text', '"{}"', 422, 'invalid_request'],
    ['with an unknown field', '{"nonsense":1}', 422, 'invalid_request'],
    ['with __proto__', '{"__proto__":{"program":"emm-eu"}}', 422, 'invalid_request'],
    ['with constructor', '{"constructor":{"prototype":{}}}', 422, 'invalid_request'],
    ['with __proto__ deep inside', '{"a":[{"\\u005f_proto__":1}]}', 422, 'invalid_request'],
    ['with a field twice', '{"rejected":"a","rejected":"b"}', 422, 'invalid_request'],
    ['that is deep', `${'{"a":'.repeat(50)}1${'}'.repeat(50)}`, 422, 'invalid_request'],
    ['over the limit', `{"a":"${'x'.repeat(BODY_LIMIT)}"}`, 413, 'payload_too_large'],
  ])('%s is refused on every route', async (_, body, status, code) => {
    for (const route of withBodies()) expectRefusal(await send(route, body), status, code)
    await expectNoTrace(rig, before)
  })

  it.each([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }],
    ['something like JSON', { 'content-type': 'application/json+x' }],
    ['compressed', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['nothing', { 'content-type': '' }],
  ])('that says it is %s is refused on every route', async (_, headers) => {
    for (const route of withBodies())
      expectRefusal(await send(route, '{}', headers), 415, 'unsupported_media_type')
    await expectNoTrace(rig, before)
  })
})

describe('a field', () => {
  const ODD: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['an object', {}],
    ['an array', []],
    ['very long', 'x'.repeat(5000)],
    ['empty', ''],
    ['with a control character', 'a\u0000b\u001b[2J'],
    ['with a line break', 'a\r\nSet-Cookie: x'],
    ['with text turned around', 'a\u202eb'],
    ['half a character', '\ud800'],
    ['a huge number', 1e308],
    ['a fraction', 1.5],
    ['negative', -1],
  ]

  it.each(ODD)('that is %s is named with its rule, on every route', async (_, value) => {
    for (const route of withBodies()) {
      const body = valid[route[1]] ?? {}
      for (const field of Object.keys(body)) {
        const refused = await send(route, JSON.stringify({ ...body, [field]: value }))
        expectRefusal(refused, 422, 'invalid_request', `/${field}`)
      }
    }
    await expectNoTrace(rig, before)
  })

  it('in an array is refused, as is one of another type', async () => {
    for (const route of withBodies()) {
      const body = valid[route[1]] ?? {}
      for (const [field, good] of Object.entries(body))
        for (const value of [[good], typeof good === 'string' ? 7 : 'text']) {
          const refused = await send(route, JSON.stringify({ ...body, [field]: value }))
          expectRefusal(refused, 422, 'invalid_request', `/${field}`)
        }
    }
    await expectNoTrace(rig, before)
  })

  it('that is missing is named, and the reader is told that it is required', async () => {
    for (const [path, fields] of [
      ['/v1/connect-sessions', ['program', 'tenant_ref', 'return_url', 'code_challenge']],
      [routes[2]?.[1] ?? '', ['result_code', 'code_verifier']],
    ] as const)
      for (const field of fields) {
        const { [field]: _, ...rest } = valid[path] ?? {}
        const refused = await send(['POST', path], JSON.stringify(rest))
        expectRefusal(refused, 422, 'invalid_request', `/${field}`)
        expect(JSON.parse(refused.text).errors).toContainEqual({
          field: `/${field}`,
          rule: 'is required',
        })
      }
  })

  it('that is well-formed but not ours is refused: return URL, program, connection', async () => {
    const session = valid['/v1/connect-sessions']
    const { connection_id: _, ...fresh } = session ?? {}
    const { return_url: known } = fresh
    const sessions = ['POST', '/v1/connect-sessions'] as const
    const returnUrls = [
      `${known}/`,
      `${known}?x=1`,
      `${known}#x`,
      String(known).toUpperCase(),
      String(known).replace('localhost', 'localhost.evil.example'),
      String(known).replace('http://', 'http://user@'),
      '//evil.example',
      'https:evil.example',
      'javascript:alert(1)',
    ]
    for (const return_url of returnUrls) {
      const refused = await send(sessions, JSON.stringify({ ...fresh, return_url }))
      expectRefusal(refused, 422, 'invalid_request', '/return_url')
    }
    const program = await send(sessions, JSON.stringify({ ...fresh, program: 'constructor' }))
    expectRefusal(program, 422, 'invalid_request', '/program')
    for (const connection_id of ['conn_', '../conn', 'sentinel', `conn_${'u'.repeat(32)}`]) {
      const refused = await send(sessions, JSON.stringify({ ...fresh, connection_id }))
      expectRefusal(refused, 422, 'invalid_request', '/connection_id')
    }
    const absent = JSON.stringify({ ...fresh, connection_id: `conn_${'0'.repeat(32)}` })
    expectRefusal(await send(sessions, absent), 404, 'not_found')
    await expectNoTrace(rig, before)
  })
})

describe('a query', () => {
  it.each([
    ['unknown', 'nonsense=1', 422, 'invalid_request'],
    ['given twice', 'limit=1&limit=1', 422, 'invalid_request'],
    ['an array', 'limit[]=1', 422, 'invalid_request'],
    ['an object', 'limit[$gt]=1', 422, 'invalid_request'],
    ['the prototype', '__proto__[limit]=1', 422, 'invalid_request'],
    ['the prototype itself', '__proto__=1', 422, 'invalid_request'],
    ['broken percent-encoding', 'limit=%', 400, 'malformed_request'],
    ['not UTF-8', 'limit=%ff', 400, 'malformed_request'],
    ['very long', `nonsense=${'x'.repeat(5000)}`, 414, 'uri_too_long'],
  ])('that is %s is refused on every route', async (_, query, status, code) => {
    for (const [method, path] of routes)
      expectRefusal(await send([method, `${path}?${query}`]), status, code)
    await expectNoTrace(rig, before)
  })

  it.each([
    ['limit', ['0', '-1', '101', '1.5', '1e1', '01', '', ' 1', '0x10', '9'.repeat(30)]],
    ['cursor', ['x', '', `conn_${'0'.repeat(32)}.${'A'.repeat(22)}`, 'x'.repeat(2000), '%00']],
    ['status', ['ACTIVE', '', 'active,degraded', 'toString']],
    ['tenant_ref', ['', 'x'.repeat(257), '%00', '%E2%80%AE']],
    ['program', ['', 'x'.repeat(65), '%0a']],
  ])('%s out of rule is named', async (field, values) => {
    for (const value of values) {
      const refused = await send(['GET', `/v1/connections?${field}=${value}`])
      expectRefusal(refused, 422, 'invalid_request', field)
    }
  })
})

it('answers the same to an id that is none, that is absent, and that is something else', async () => {
  const ids = [
    'x',
    `conn_${'0'.repeat(32)}`,
    `CONN_${'0'.repeat(32)}`,
    'sentinel',
    '%00',
    '..%2f',
    'conn_',
  ]
  const answers = []
  for (const id of [...ids, routes[1]?.[1].split('/').at(-1) ?? ''])
    for (const path of [`/v1/connections/${id}`, `/v1/connections/${id}/token`]) {
      const method = path.endsWith('token') ? 'POST' : 'GET'
      const refused = await send([method, path])
      expectRefusal(refused, 404, 'not_found')
      const { trace_id: _, ...body } = JSON.parse(refused.text)
      answers.push(JSON.stringify(body))
    }

  expect(new Set(answers).size).toBe(1)
  for (const id of ['%', '%ff', '%c3%28'])
    expectRefusal(await send(['GET', `/v1/connections/${id}`]), 400, 'malformed_request')
  await expectNoTrace(rig, before)
})

it('says which methods a route answers, and refuses the others', async () => {
  for (const [, path] of routes)
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const refused = await send([method, path])
      expectRefusal(refused, 405, 'method_not_allowed')
    }
  for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/connections/x/y/z'])
    expectRefusal(await send(['GET', path]), 404, 'not_found')
})

it('has taken nothing amiss: what was there before still works', async () => {
  await expectNoTrace(rig, before)
  const [, path] = routes[6] ?? []
  expect((await rig.call('POST', path ?? '')).status).toBe(200)
})
