import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { OutboundError, type OutboundReason } from '../../../src/outbound/outbound.ts'
import { type Grant, judgeNoAnswer, judgeRefusal } from '../../../src/samsung-account/failure.ts'
import { readRefusal } from '../../../src/samsung-account/refusal.ts'

const code: Grant = 'authorization_code'
const refresh: Grant = 'refresh_token'

/** What a canned answer means: `kind reason`. */
function verdict(grant: Grant, status: number, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const { upstream: _upstream, ...words } = readRefusal({
    status,
    body: text,
    headers: new Map(),
    requestedAt: 0,
    receivedAt: 0,
  })
  const { kind, reason } = judgeRefusal({ grant, status, ...words })
  return `${kind} ${reason}`
}

const samsung = (value: string) => ({ error_code: value, error_description: 'words' })
const html = '<!DOCTYPE html><html><body>AUT_1802</body></html>'

describe('what an answer without tokens means', () => {
  it.each<[string, Grant, number, unknown]>([
    // Samsung's codes: the operator's part.
    ['operator refused', code, 400, samsung('AUT_1001')],
    ['operator refused', code, 400, samsung('AUT_1002')],
    ['operator refused', code, 400, samsung('AUT_1008')],
    ['operator refused', code, 400, samsung('AUT_1010')],
    ['operator refused', code, 400, samsung('AUT_1011')],
    ['operator refused', code, 400, samsung('AUT_1017')],
    ['operator refused', code, 400, samsung('AUT_1022')],
    ['operator refused', code, 400, samsung('AUT_1024')],
    ['operator refused', code, 400, samsung('AUT_1045')],
    ['operator refused', code, 400, samsung('AUT_1702')],
    ['operator refused', refresh, 400, samsung('AUT_1702')],
    ['operator refused', refresh, 400, samsung('AUT_1785')],
    ['operator refused', refresh, 400, samsung('AUT_1806')],
    // What the customer's browser brought, or what is used up.
    ['customer refused', code, 400, samsung('AUT_1806')],
    ['customer refused', code, 400, samsung('AUT_1006')],
    ['customer refused', code, 400, samsung('AUT_1015')],
    ['customer refused', code, 400, samsung('AUT_1802')],
    ['customer refused', refresh, 400, samsung('AUT_1802')],
    ['customer refused', refresh, 401, samsung('AUT_1802')],
    // About a code, said of a refresh token: not known.
    ['transient refused', refresh, 400, samsung('AUT_1006')],
    ['transient refused', refresh, 400, samsung('AUT_1015')],
    // The same code wherever it stands.
    ['customer refused', refresh, 400, { errorCode: 'AUT_1802', message: 'words' }],
    ['customer refused', refresh, 400, { code: 'AUT_1802' }],
    ['customer refused', refresh, 400, { error: 'AUT_1802' }],
    ['customer refused', refresh, 400, '<error><code>AUT_1802</code></error>'],
    ['operator refused', refresh, 400, '<?xml version="1.0"?>\n<e code="AUT_1702"/>'],
    // RFC 6749 §5.2.
    ['customer refused', code, 400, { error: 'invalid_grant' }],
    ['customer refused', refresh, 400, { error: 'invalid_grant' }],
    ['operator refused', refresh, 401, { error: 'invalid_client' }],
    ['operator refused', refresh, 400, { error: 'unauthorized_client' }],
    ['operator refused', refresh, 400, { error: 'unsupported_grant_type' }],
    ['operator refused', refresh, 400, { error: 'invalid_request' }],
    ['operator refused', refresh, 400, { error: 'invalid_scope' }],
    // Samsung's code says more than the standard word.
    ['operator refused', refresh, 400, { error: 'invalid_grant', error_code: 'AUT_1702' }],
    ['customer refused', refresh, 400, { error: 'invalid_request', error_code: 'AUT_1802' }],
    ['customer refused', refresh, 400, { error: 'invalid_grant', error_code: 'AUT_9999' }],
    // Refused, and nobody knows why.
    ['transient refused', refresh, 400, samsung('AUT_9999')],
    ['transient refused', refresh, 400, samsung('LIC_4102')],
    ['transient refused', refresh, 400, { error: 'INVALID_GRANT' }],
    ['transient refused', refresh, 400, { error: 'toString' }],
    ['transient refused', refresh, 400, { error: { code: 'invalid_grant' } }],
    ['transient refused', refresh, 400, ['invalid_grant']],
    ['transient refused', refresh, 400, 'invalid_grant'],
    ['transient refused', refresh, 400, ''],
    ['transient refused', refresh, 401, ''],
    ['transient refused', refresh, 403, 'ACF_0403 [AllowList]'],
    ['transient refused', refresh, 403, html],
    ['transient refused', refresh, 404, html],
    ['transient refused', refresh, 404, ` \n<HTML lang="en">AUT_1802`],
    ['transient rate_limited', refresh, 429, ''],
    ['transient rate_limited', refresh, 429, { error: 'invalid_grant' }],
    // Whoever answered may not know what the server did.
    ['ambiguous unavailable', refresh, 500, ''],
    ['ambiguous unavailable', refresh, 500, { error: 'invalid_grant' }],
    ['ambiguous unavailable', code, 502, html],
    ['ambiguous unavailable', refresh, 503, samsung('AUT_1802')],
    ['ambiguous unavailable', refresh, 504, ''],
    // A success without tokens.
    ['ambiguous malformed', refresh, 200, ''],
    ['ambiguous malformed', refresh, 200, '{"access_token": "cut'],
    ['ambiguous malformed', refresh, 200, html],
    ['ambiguous malformed', refresh, 200, { error: 'odd' }],
    ['ambiguous malformed', code, 204, ''],
    ['customer refused', refresh, 200, samsung('AUT_1802')],
  ])('%s: %s, %i, %j', (expected, grant, status, body) => {
    expect(verdict(grant, status, body)).toBe(expected)
  })

  it('blames the customer for nothing unknown', () => {
    const word = fc.string({ maxLength: 30 })
    const body = fc.oneof(
      fc.json(),
      word,
      fc.record({ error: word, error_code: word, code: word }, { requiredKeys: [] }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(code, refresh),
        fc.integer({ min: 200, max: 599 }),
        body,
        (...answer) => {
          expect(verdict(...answer)).not.toMatch(/^customer/)
        },
      ),
    )
  })
})

describe('what no answer means', () => {
  it.each<[OutboundReason, string]>([
    ['unreachable', 'unreachable'],
    ['timeout', 'timeout'],
    ['too_large', 'malformed'],
    ['unreadable', 'malformed'],
    ['redirected', 'malformed'],
  ])('after sending: %s is ambiguous, %s', (reason, word) => {
    expect(judgeNoAnswer(new OutboundError(reason, true))).toEqual({
      kind: 'ambiguous',
      reason: word,
    })
  })

  it.each<[OutboundReason, string]>([
    ['unreachable', 'unreachable'],
    ['timeout', 'timeout'],
    ['host_not_allowed', 'unreachable'],
  ])('before sending: %s is not_sent, %s', (reason, word) => {
    expect(judgeNoAnswer(new OutboundError(reason, false))).toEqual({
      kind: 'not_sent',
      reason: word,
    })
  })
})

describe('what Samsung said', () => {
  const refusal = (body: unknown) =>
    readRefusal({
      status: 400,
      body: JSON.stringify(body),
      headers: new Map(),
      requestedAt: 0,
      receivedAt: 0,
    }).upstream

  it('is kept as code and message', () => {
    expect(refusal({ error: 'invalid_request', ...samsung('AUT_1702') })).toEqual({
      service: 'samsung-account',
      status: 400,
      code: 'AUT_1702',
      message: 'words',
    })
    expect(refusal({ error: 'invalid_grant', errorDescription: 'x' })).toMatchObject({
      code: 'invalid_grant',
      message: 'x',
    })
    expect(refusal({ code: 'ACF_0403', message: ['x'] })).toEqual({
      service: 'samsung-account',
      status: 400,
      code: 'ACF_0403',
    })
  })

  it('is kept without tokens and line breaks', () => {
    const message = 'bad\ntoken eyJhbGciOiJIUzI1NiJ9.e30.c2ln'

    expect(refusal({ error: 'eyJhbGciOiJIUzI1NiJ9', error_description: message })).toEqual({
      service: 'samsung-account',
      status: 400,
      message: 'bad token',
    })
  })
})
