import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Answer } from '../../../scripts/stack/portal-client.ts'
import type { FaultAction } from '../../../src/sandbox/control/faults.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'
import { age } from '../../support/stored-connection.ts'

const TIMEOUT_MS = 1500

let rig: Rig
let id: string
let tenants = 0
const jtis: string[] = []

beforeAll(async () => {
  rig = await startRig({ env: { KNOXGATE_UPSTREAM_TIMEOUT: `${TIMEOUT_MS}ms` } })
})
afterAll(() => rig?.close())
beforeEach(async () => {
  tenants += 1
  id = await rig.connect(`tenant-${tenants}`)
  rig.sandbox.clearRecord()
})
afterEach(() => {
  jtis.push(...requestsTo('ams').flatMap(({ jti }) => jti ?? []))
  rig.sandbox.clearFaults()
  rig.sandbox.control({ codeShape: null })
})

const requestsTo = (target: string) =>
  rig.sandbox.record().requests.filter(({ on }) => on === target)
const verify = () => rig.call('POST', `/v1/connections/${id}/verify`)
const view = async () => (await rig.call('GET', `/v1/connections/${id}`)).body

function fail(on: 'ams' | 'kme', code: number, status: number, times = 1): void {
  const action = { kind: 'code', code, status, message: 'SCRIPTED_BY_THE_TEST' } as const
  rig.sandbox.addFault({ on, times, do: action })
}

function expectRefusal({ status, body, headers }: Answer, expected: object, code: number): void {
  expect([status, body]).toMatchObject([
    502,
    {
      ...expected,
      upstream: {
        service: 'knox',
        code: String(code),
        message: 'SCRIPTED_BY_THE_TEST',
        error_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    },
  ])
  expect(headers.get('content-type')).toBe('application/problem+json')
}

describe.each(['number', 'string', 'array'] as const)('with codes written as %s', (codeShape) => {
  beforeEach(() => {
    rig.sandbox.control({ codeShape })
  })

  it('answers a used jti with a new one, once', async () => {
    fail('ams', 4002250, 400)
    const answer = await rig.token(id)
    const [first, second, ...more] = requestsTo('ams')

    expect(answer.status).toBe(200)
    expect(more).toEqual([])
    expect(second?.jti).not.toBe(first?.jti)
    expect(rig.grants('refresh_token')).toBe(0)
  })

  it('gives up on a jti that is refused a second time', async () => {
    fail('ams', 4002250, 400, 9)

    expectRefusal(await rig.token(id), { code: 'upstream_refused', owner: 'samsung' }, 4002250)
    expect(requestsTo('ams')).toHaveLength(2)
  })

  it('renews the Samsung Account token that Knox refuses, once', async () => {
    fail('ams', 4010011, 401)
    const answer = await rig.token(id)

    expect(answer.status).toBe(200)
    expect(requestsTo('ams')).toHaveLength(2)
    expect(rig.grants('refresh_token')).toBe(1)
  })

  it('does not ask the customer when Knox refuses the renewed one as well', async () => {
    fail('ams', 4010011, 401, 9)
    const answer = await rig.token(id)

    expectRefusal(answer, { code: 'upstream_refused_client', owner: 'operator' }, 4010011)
    expect(requestsTo('ams')).toHaveLength(2)
    expect(rig.grants('refresh_token')).toBe(1)
    expect((await view()).status).toBe('degraded')
  })

  it.each([
    [4032251, 403],
    [4032252, 403],
    [4032259, 403],
    [4030000, 403],
  ])('makes a new token once when verify meets %i', async (code, status) => {
    const kept = await rig.token(id)
    fail('kme', code, status)
    const answer = await verify()

    expect([answer.status, answer.body.trust]).toEqual([200, 'present'])
    expect(requestsTo('kme')).toHaveLength(2)
    expect(requestsTo('ams')).toHaveLength(2)
    expect((await rig.token(id)).body.token_id).not.toBe(kept.body.token_id)
  })

  it('makes no third token when verify meets 4032251 again', async () => {
    fail('kme', 4032251, 403, 9)

    expectRefusal(await verify(), { code: 'upstream_refused' }, 4032251)
    expect(requestsTo('kme')).toHaveLength(2)
    expect(requestsTo('ams')).toHaveLength(2)
    expect((await view()).status).not.toBe('consent_required')
  })

  it.each([
    ['ams', 4049999, 404, 'upstream_refused', 'samsung'],
    ['ams', 4032251, 403, 'upstream_refused_client', 'operator'],
    ['ams', 4012250, 401, 'upstream_refused_client', 'operator'],
    ['ams', 4000000, 400, 'upstream_refused_client', 'operator'],
    ['kme', 4049999, 404, 'upstream_refused', 'samsung'],
  ] as const)('keeps what %s said with %i', async (on, code, status, told, owner) => {
    fail(on, code, status)
    const answer = await verify()

    expectRefusal(answer, { code: told, owner, retryable: false }, code)
    expect(requestsTo(on)).toHaveLength(1)
    expect(rig.grants('refresh_token')).toBe(0)
  })
})

it('renews a token that Samsung really ended before its time, and shows the note it left', async () => {
  await rig.token(id)
  fail('ams', 4049999, 404)
  await age(rig.db, id, { knoxToken: { leftMs: -1 } })
  const refused = await rig.token(id)
  const noted = await view()
  rig.sandbox.control({ expireAccessTokens: true })

  expect((await rig.token(id)).status).toBe(200)
  expect(noted).toMatchObject({
    status: 'degraded',
    last_error: {
      code: 'upstream_refused',
      owner: 'samsung',
      upstream_code: '4049999',
      error_id: refused.body.upstream.error_id,
    },
  })
  const healed = await view()
  expect(healed.status).toBe('active')
  expect(healed).not.toHaveProperty('last_error')
})

describe('Knox out of order', () => {
  const status = (code: number, body?: unknown, headers?: Record<string, string>): FaultAction => ({
    kind: 'status',
    status: code,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  })
  const RETRY = { 'Retry-After': '7' }

  it.each<readonly [string, FaultAction, number, string, string]>([
    ['a 500', status(500, { code: 5000000 }), 503, 'upstream_unavailable', '1'],
    ['a 503 that names a time', status(503, 'busy', RETRY), 503, 'upstream_unavailable', '7'],
    ['a 429 that names a time', status(429, {}, RETRY), 503, 'upstream_rate_limited', '7'],
    ['a page', status(502, '<html>Bad gateway</html>'), 503, 'upstream_unavailable', '1'],
    ['a 200 without a token', status(200, { ok: true }), 502, 'upstream_malformed', '1'],
    ['a redirect', status(302, '', { Location: '/' }), 502, 'upstream_malformed', '1'],
    ['a reset', { kind: 'reset' }, 502, 'upstream_unreachable', '1'],
    ['half an answer', { kind: 'half_body' }, 502, 'upstream_unreachable', '1'],
    ['no JSON', { kind: 'malformed' }, 502, 'upstream_malformed', '1'],
    ['silence', { kind: 'delay', ms: 2 * TIMEOUT_MS }, 504, 'upstream_timeout', '1'],
  ])('is told to the portal as retryable: %s', async (_, action, code, told, retryAfter) => {
    rig.sandbox.addFault({ on: 'ams', do: action })

    const answer = await rig.token(id)

    expect([answer.status, answer.body]).toMatchObject([
      code,
      { code: told, owner: 'samsung', retryable: true, upstream: { service: 'knox' } },
    ])
    expect(answer.headers.get('retry-after')).toBe(retryAfter)
    expect((await view()).status).toBe('degraded')
    expect((await rig.token(id)).status).toBe(200)
    expect((await view()).status).toBe('active')
    expect(rig.grants('refresh_token')).toBe(0)
  })
})

it('has shown Knox no jti twice in all this', () => {
  expect(jtis.length).toBeGreaterThan(50)
  expect(new Set(jtis).size).toBe(jtis.length)
})
