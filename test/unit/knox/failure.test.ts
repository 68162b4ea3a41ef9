import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  type KnoxOperation,
  knoxRefusal,
  knoxSilence,
  mayBlameCredentials,
  provesCredentials,
} from '../../../src/knox/failure.ts'
import { OutboundError, type OutboundReason } from '../../../src/outbound/outbound.ts'

const TRUST = ['40300000', '4030100']

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: new Map(Object.entries(headers)),
  requestedAt: 0,
  receivedAt: 0,
})

const refusal = (operation: KnoxOperation, status: number, body: unknown): string => {
  const { kind, reason } = knoxRefusal(operation, answer(status, body), TRUST)
  return `${kind} ${reason}`
}

describe('what an answer means to mint and to verify', () => {
  it.each([
    ['idp_token refused', 'idp_token refused', 401, { code: 4010011 }],
    ['idp_token refused', 'idp_token refused', 401, { code: '4010011' }],
    ['operator refused', 'knox_token refused', 403, { code: 4032251 }],
    ['operator refused', 'knox_token refused', 403, { code: '4032252' }],
    ['operator refused', 'knox_token refused', 403, { code: 403225 }],
    ['operator refused', 'knox_token refused', 403, { code: [4030000] }],
    ['operator refused', 'knox_token refused', 401, { code: ['X', 4032251] }],
    ['operator refused', 'operator refused', 401, { code: 40122050 }],
    ['operator refused', 'operator refused', 401, { code: 4012250 }],
    ['operator refused', 'operator refused', 401, { code: 4012251 }],
    ['operator refused', 'operator refused', 401, { code: 4010050 }],
    ['operator refused', 'operator refused', 400, { code: 4002251 }],
    ['operator refused', 'operator refused', 400, { code: 4000000 }],
    ['operator refused', 'operator refused', 404, { code: 4042251 }],
    ['operator refused', 'operator refused', 404, { code: 4042252 }],
    ['trust refused', 'trust refused', 403, { code: 40300000 }],
    ['trust refused', 'trust refused', 403, { code: '4030100' }],
    ['unknown refused', 'unknown refused', 400, { code: 4002250 }],
    ['unknown refused', 'unknown refused', 403, { code: 4030003 }],
    ['unknown refused', 'unknown refused', 403, { code: 40300001 }],
    ['unknown refused', 'unknown refused', 403, ''],
    ['unknown refused', 'unknown refused', 401, {}],
    ['unknown refused', 'unknown refused', 404, '<html>'],
    ['transient rate_limited', 'transient rate_limited', 429, { code: 4010011 }],
    ['transient unavailable', 'transient unavailable', 500, { code: 5000000 }],
    ['transient unavailable', 'transient unavailable', 503, { code: 40300000 }],
    ['transient malformed', 'transient malformed', 200, ''],
    ['transient malformed', 'transient malformed', 200, { accessToken: 7 }],
    ['idp_token refused', 'idp_token refused', 200, { code: 4010011 }],
  ])('%s, %s: %i %j', (mint, verify, status, body) => {
    expect(refusal('mint', status, body)).toBe(mint)
    expect(refusal('verify', status, body)).toBe(verify)
  })

  it('keeps what Samsung said', () => {
    const { upstream } = knoxRefusal(
      'verify',
      answer(403, { code: 4030003, message: 'TENANT_BLOCKED', errorId: 'e-1' }),
      TRUST,
    )

    expect(upstream).toEqual({
      service: 'knox',
      status: 403,
      code: '4030003',
      message: 'TENANT_BLOCKED',
      errorId: 'e-1',
    })
  })

  it('takes trust to be missing for configured codes only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 499 }), fc.integer(), (status, code) => {
        fc.pre(!TRUST.includes(String(code)))
        expect(refusal('verify', status, { code })).not.toMatch(/^trust/)
      }),
    )
  })

  it.each([
    [429, 7],
    [503, 7],
    [403, undefined],
  ])('passes Retry-After on for %i: %p', (status, seconds) => {
    const response = answer(status, '', { 'retry-after': '7' })

    expect(knoxRefusal('mint', response, TRUST).retryAfterSeconds).toBe(seconds)
  })
})

describe('what a refused exchange says of the key and the Client Identifier', () => {
  it.each([
    ['it may be they', [true, false], 401, { code: 4012250 }],
    ['it may be they', [true, false], 400, { code: 4000000 }],
    ['it may be they', [true, false], 403, { code: 4030000 }],
    ['nothing: our address is not allowed', [false, false], 404, { code: 4042251 }],
    ['nothing: it is the customer’s token', [false, false], 401, { code: 4010011 }],
    ['nothing: it is not known', [false, false], 403, { code: 4030003 }],
    ['nothing: Samsung is out of order', [false, false], 503, { code: 4012250 }],
    ['they are accepted', [false, true], 403, { code: 40300000 }],
  ])('%s: %j for %i %j', (_, [blamed, proven], status, body) => {
    const error = knoxRefusal('mint', answer(status, body), TRUST)

    expect([mayBlameCredentials(error), provesCredentials(error)]).toEqual([blamed, proven])
  })

  it('nothing, when it is no refusal of Knox', () => {
    const silence = knoxSilence(new OutboundError('timeout', true))

    for (const error of [silence, new TypeError('a defect'), undefined])
      expect([mayBlameCredentials(error), provesCredentials(error)]).toEqual([false, false])
  })
})

it.each<[OutboundReason, boolean, string]>([
  ['timeout', true, 'timeout'],
  ['timeout', false, 'timeout'],
  ['unreachable', false, 'unreachable'],
  ['too_large', true, 'malformed'],
  ['redirected', true, 'malformed'],
])('takes no answer to be transient: %s', (reason, sent, word) => {
  expect(knoxSilence(new OutboundError(reason, sent))).toMatchObject({
    kind: 'transient',
    reason: word,
    upstream: { service: 'knox' },
  })
})
