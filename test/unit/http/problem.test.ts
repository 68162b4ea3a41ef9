import { describe, expect, it } from '@jest/globals'
import { toProblem } from '../../../src/http/problem.ts'
import { ERRORS, type ErrorCode, ServiceError } from '../../../src/shared/errors.ts'

const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }
const CODES = Object.keys(ERRORS) as ErrorCode[]

describe('toProblem', () => {
  it.each(CODES)('answers %s with its row of the table', (code) => {
    const { status, title, owner, retryable } = ERRORS[code]

    const problem = toProblem(new ServiceError(code), TRACE)

    expect(problem.status).toBe(status)
    expect(problem.body).toEqual({
      type: `urn:knoxgate:error:${code}`,
      title,
      status,
      code,
      retryable,
      owner,
      trace_id: TRACE.traceId,
    })
    expect(problem.headers).toMatchObject({
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
    })
  })

  it('writes every extra under its wire name', () => {
    const error = new ServiceError('consent_required', {
      detail: 'the refresh token is spent',
      errors: [{ field: '/a', rule: 'is required' }],
      connectionId: 'conn_1',
      connectUrl: 'https://console.acme.example/knox?connection_id=conn_1',
      partnerId: '123',
      customerMessage: 'Enter partner ID 123.',
      upstream: { service: 'knox', status: 403, code: '4030000', message: 'NO', errorId: 'e-1' },
    })

    const { body } = toProblem(error, TRACE)

    expect(body).toMatchObject({
      detail: 'the refresh token is spent',
      errors: [{ field: '/a', rule: 'is required' }],
      connection_id: 'conn_1',
      connect_url: 'https://console.acme.example/knox?connection_id=conn_1',
      partner_id: '123',
      customer_message: 'Enter partner ID 123.',
      upstream: { service: 'knox', status: 403, code: '4030000', message: 'NO', error_id: 'e-1' },
    })
  })

  it('says nothing of a defect', () => {
    const defect = Object.assign(new TypeError('canary-in-message'), {
      status: 404,
      detail: 'canary-in-detail',
    })

    const { status, body } = toProblem(defect, TRACE)

    expect(status).toBe(500)
    expect(body.code).toBe('internal_error')
    expect(JSON.stringify(body)).not.toContain('canary')
  })

  it.each([undefined, null, 'text', { type: 'entity.too.large' }, { code: 'not_found' }])(
    'takes the thrown value %j for a defect',
    (thrown) => {
      expect(toProblem(thrown, TRACE).body.code).toBe('internal_error')
    },
  )

  it.each([
    ['entity.too.large', 'payload_too_large'],
    ['encoding.unsupported', 'unsupported_media_type'],
    ['charset.unsupported', 'unsupported_media_type'],
    ['entity.parse.failed', 'malformed_request'],
    ['request.aborted', 'malformed_request'],
    ['toString', 'internal_error'],
  ])('reads the foreign type %s as %s', (type, code) => {
    expect(toProblem(Object.assign(new Error('x'), { type }), TRACE).body.code).toBe(code)
  })

  it('reads a path that cannot be decoded as a malformed request, without quoting it', () => {
    const { body } = toProblem(new URIError("Failed to decode param '%zz'"), TRACE)

    expect(body).toMatchObject({ code: 'malformed_request', detail: 'the path is not well-formed' })
  })

  it.each([
    ['upstream_unavailable', undefined, '1'],
    ['upstream_timeout', undefined, '1'],
    ['store_unavailable', 2.1, '3'],
    ['store_unavailable', 0, '1'],
    ['session_not_ready', 5, '5'],
    ['session_not_ready', undefined, undefined],
    ['upstream_refused', undefined, undefined],
    ['record_unreadable', undefined, undefined],
    ['not_found', undefined, undefined],
  ] as const)('asks for %s, given %s, to wait %s seconds', (code, given, expected) => {
    const extras = given === undefined ? {} : { retryAfterSeconds: given }

    const { headers } = toProblem(new ServiceError(code, extras), TRACE)

    expect(headers['Retry-After']).toBe(expected)
  })

  it('challenges the caller about its key, and about nothing else', () => {
    const challenged = CODES.filter(
      (code) => 'WWW-Authenticate' in toProblem(new ServiceError(code), TRACE).headers,
    )

    expect(challenged).toEqual(['invalid_api_key', 'insufficient_scope'])
  })

  it('names the methods that are answered on 405', () => {
    const error = new ServiceError('method_not_allowed', { allow: 'GET, HEAD' })

    expect(toProblem(error, TRACE).headers.Allow).toBe('GET, HEAD')
  })
})
