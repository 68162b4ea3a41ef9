import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  accessTokenRequestBody,
  readAccessToken,
  readKnoxError,
  readTokenExpiry,
} from '../../../src/knox/wire.ts'
import { Secret } from '../../../src/shared/secret.ts'

const jwt = (payload: unknown): Secret =>
  new Secret(`e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`)

describe('the request body', () => {
  const request = { publicKey: 'MIIB', clientIdentifierJwt: 'a.b.c' }

  it('names the validity as a number', () => {
    expect(accessTokenRequestBody({ ...request, validityMinutes: 15 })).toBe(
      '{"base64EncodedStringPublicKey":"MIIB","clientIdentifierJwt":"a.b.c",' +
        '"validityForAccessTokenInMinutes":15}',
    )
  })

  it('leaves the validity out when none is configured', () => {
    expect(accessTokenRequestBody(request)).toBe(
      '{"base64EncodedStringPublicKey":"MIIB","clientIdentifierJwt":"a.b.c"}',
    )
  })
})

describe('the access token', () => {
  it('is read from its field', () => {
    expect(readAccessToken('{"accessToken":"a.b.c","x":1}')?.reveal()).toBe('a.b.c')
  })

  it.each(['', '{}', '{"accessToken":""}', '{"accessToken":7}', '["a"]', '{"AccessToken":"a"}'])(
    'is not found in %j',
    (body) => {
      expect(readAccessToken(body)).toBeNull()
    },
  )

  it('tells when it expires', () => {
    expect(readTokenExpiry(jwt({ exp: 1_760_000_000 }))).toBe(1_760_000_000_000)
  })

  it.each([
    ['no exp', jwt({})],
    ['text for exp', jwt({ exp: '1760000000' })],
    ['an exp of zero', jwt({ exp: 0 })],
    ['a negative exp', jwt({ exp: -1 })],
    ['an exp no date can hold', jwt({ exp: 253_402_300_800 })],
    ['a payload that is no object', jwt([1])],
    ['a payload that is no JSON', new Secret('e30.AAAA.c2ln')],
    ['one part', new Secret('opaque-token')],
  ])('says nothing with %s', (_what, token) => {
    expect(readTokenExpiry(token)).toBeNull()
  })
})

describe('an error', () => {
  it.each([
    ['numbers', { code: 4012250, message: 'BAD', errorId: 'e-1' }, ['4012250'], 'BAD', 'e-1'],
    ['text', { code: '4012250', message: 'BAD', data: 'x' }, ['4012250'], 'BAD', undefined],
    [
      'lists',
      { code: [4030000, '4032251'], message: ['AUTHENTICATION_FAIL', 'B'], data: ['jwt'] },
      ['4030000', '4032251'],
      'AUTHENTICATION_FAIL',
      undefined,
    ],
    [
      'the shape of Knox Guard',
      { result: 'FAIL', error: { code: '4000015', message: 'BAD', reason: 'x' }, errorId: 'e-2' },
      ['4000015'],
      'BAD',
      'e-2',
    ],
    ['nothing known', { status: 'error' }, [], undefined, undefined],
  ])('is read from %s', (_shape, body, codes, message, errorId) => {
    const detail = readKnoxError(403, JSON.stringify(body))

    expect(detail).toEqual({
      service: 'knox',
      status: 403,
      codes,
      ...(codes[0] === undefined ? {} : { code: codes[0] }),
      ...(message === undefined ? {} : { message }),
      ...(errorId === undefined ? {} : { errorId }),
    })
  })

  it('carries nothing of data, and no JWT', () => {
    const token = 'eyJhbGciOiJSUzUxMiJ9.eyJhdWQiOiJLbm94V1NNIn0.c2ln'
    const body = { code: token, message: `bad ${token}`, data: token, errorId: token }

    expect(readKnoxError(400, JSON.stringify(body))).toEqual({
      service: 'knox',
      status: 400,
      codes: [],
      message: 'bad',
    })
  })

  it('is read from anything, and every text in it is short and printable', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 })
    const field = fc.oneof(text, fc.jsonValue(), fc.array(text, { maxLength: 3 }))
    const body = fc.oneof(
      text,
      fc
        .record({ code: field, message: field, errorId: field })
        .map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(body, (sent) => {
        const { codes, code, message, errorId } = readKnoxError(400, sent)
        for (const shown of [...codes, code, message, errorId]) {
          expect(shown ?? '-').toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u)
        }
      }),
    )
  })
})
