import { beforeEach, describe, expect, it } from '@jest/globals'
import { toProblem } from '../../src/http/problem.ts'
import { ERRORS, type ErrorCode, ServiceError } from '../../src/shared/errors.ts'
import { acme, createPortalWorld, other, type PortalWorld } from '../unit/portal/support/world.ts'
import { failing, HOUR, knoxError, tokenError } from '../unit/vault/support/samsung.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('RFC 9457 §3.1: the document of every code', () => {
  it.each(CODES)('%s has its standard members', (code) => {
    const { status, body } = toProblem(new ServiceError(code, { detail: 'why' }), {
      traceId: TRACE_ID,
    })

    expect(URL.canParse(body.type)).toBe(true)
    expect(body.type).toBe(`urn:knoxgate:error:${code}`)
    expect(body.status).toBe(status)
    expect(body.title).toBe(ERRORS[code].title)
    expect(body.detail).toBe('why')
  })

  it.each(CODES)('%s has the same title whatever happened', (code) => {
    const titleOf = (extras: object) =>
      toProblem(new ServiceError(code, extras), { traceId: TRACE_ID }).body.title

    expect(titleOf({ detail: 'one' })).toBe(titleOf({ connectionId: 'conn_1' }))
  })

  it('has a type of its own', () => {
    const types = CODES.map(
      (code) => toProblem(new ServiceError(code), { traceId: TRACE_ID }).body.type,
    )

    expect(new Set(types).size).toBe(CODES.length)
  })
})

it('RFC 9457 §3.2: extension members have names that every format can write', () => {
  const { body } = toProblem(
    new ServiceError('trust_missing', {
      detail: 'why',
      errors: [{ field: '/a', rule: 'b' }],
      connectionId: 'conn_1',
      connectUrl: 'https://a.example/',
      partnerId: '1',
      customerMessage: 'text',
      upstream: { service: 'knox', status: 400, code: '1', message: 'm', errorId: 'e' },
    }),
    { traceId: TRACE_ID },
  )

  for (const name of [...Object.keys(body), ...Object.keys(body.upstream ?? {})])
    expect(name).toMatch(/^[a-z][a-z_]{2,}$/)
})

describe('RFC 9457 §3: what is really sent', () => {
  let world: PortalWorld
  let id: string

  beforeEach(async () => {
    world = await createPortalWorld()
    id = await world.connect()
  })

  const token = () => world.call('POST', `/v1/connections/${id}/token`)

  const CASES: readonly (readonly [number, string, () => ReturnType<typeof token>])[] = [
    [
      400,
      'malformed_request',
      () =>
        world
          .call('POST', '/v1/connect-sessions')
          .set('content-type', 'application/json')
          .send('{'),
    ],
    [401, 'invalid_api_key', () => world.send('GET', '/v1/connections')],
    [
      403,
      'insufficient_scope',
      () => world.call('GET', '/v1/connections', acme.without.get('connections:read')),
    ],
    [404, 'not_found', () => world.call('GET', `/v1/connections/${id}`, other.apiKey)],
    [405, 'method_not_allowed', () => world.call('PUT', '/v1/connections')],
    [
      413,
      'payload_too_large',
      () => world.call('POST', '/v1/connect-sessions').send({ a: 'x'.repeat(20_000) }),
    ],
    [414, 'uri_too_long', () => world.call('GET', `/v1/connections?a=${'x'.repeat(5000)}`)],
    [
      415,
      'unsupported_media_type',
      () => world.call('POST', '/v1/connect-sessions').type('text').send('x'),
    ],
    [422, 'invalid_request', () => world.call('GET', '/v1/connections?limit=0')],
    [
      409,
      'consent_required',
      () => {
        world.advance(2 * HOUR)
        world.samsung.refreshSteps.push(failing(tokenError('customer')))
        return token()
      },
    ],
    [
      502,
      'upstream_refused',
      () => {
        world.samsung.mintSteps.push(failing(knoxError('unknown')))
        return token()
      },
    ],
    [
      503,
      'store_unavailable',
      () => {
        world.faulty.setDown(true)
        return token()
      },
    ],
    [
      504,
      'upstream_timeout',
      () => {
        world.samsung.mintSteps.push(failing(knoxError('transient', 'timeout')))
        return token()
      },
    ],
    [
      500,
      'internal_error',
      () => {
        world.samsung.mintSteps.push(failing(new TypeError('canary at /work')))
        return token()
      },
    ],
  ]

  it.each(CASES)('with status %d: %s', async (status, code, ask) => {
    const res = await ask()

    expect(res.status).toBe(status)
    expect(res.headers['content-type']).toBe('application/problem+json')
    expect(res.headers['cache-control']).toBe('no-store')
    expect(res.body).toMatchObject({
      type: `urn:knoxgate:error:${code}`,
      title: expect.any(String),
      status,
      code,
      retryable: expect.any(Boolean),
      owner: expect.stringMatching(/^(portal|customer|operator|samsung)$/),
      trace_id: res.headers['x-trace-id'],
    })
    expect(res.text).not.toMatch(/canary|\bat \/|node_modules|Error:/)
    if (status === 503 || (status > 500 && res.body.retryable))
      expect(Number(res.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  })
})
