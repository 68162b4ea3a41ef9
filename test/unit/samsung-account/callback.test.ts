import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type CallbackResult, readCallback } from '../../../src/samsung-account/callback.ts'

const STATE = 'cs_0123456789abcdefghjkmnpqrstvwxyz.AbC-_'

const read = (query: string): CallbackResult => readCallback(new URLSearchParams(query))
const readForm = (fields: Record<string, string>): CallbackResult =>
  readCallback(new URLSearchParams(fields))
const inCode = (json: unknown, outside: Record<string, string> = {}): CallbackResult =>
  readForm({ code: JSON.stringify(json), ...outside })

/** A result with its code opened, so that it can be compared. */
const shown = (result: CallbackResult) =>
  result.kind === 'code' ? { ...result, code: result.code.reveal() } : result

describe('a code', () => {
  const expected = { kind: 'code', code: 'Kx.Q', state: STATE, codeExpiresInSeconds: 300 }
  const json = {
    code: 'Kx.Q',
    scode: 's',
    inputEmailID: 'admin@example.com',
    api_server_url: 'api.evil.example',
    auth_server_url: 'auth.evil.example',
    code_expires_in: 300,
    closedAction: 'signInSuccess',
  }

  it.each([
    [
      'plain, as a query',
      read(
        `code=Kx.Q&state=${STATE}&auth_server_url=auth.evil.example&api_server_url=x&code_expires_in=300`,
      ),
    ],
    [
      'plain, with the mark of a closed page',
      read(`code=Kx.Q&state=${STATE}&code_expires_in=300&close=true&closedAction=signInSuccess`),
    ],
    ['in JSON, state outside', inCode(json, { state: STATE })],
    ['in JSON, state inside', inCode({ ...json, state: STATE })],
    ['in JSON, state on both sides', inCode({ ...json, state: STATE }, { state: STATE })],
    [
      'in JSON, with booleans and text',
      inCode({ ...json, state: STATE, close: true, code_expires_in: '300' }),
    ],
    [
      'in JSON that was encoded once more',
      readForm({ code: encodeURIComponent(JSON.stringify(json)), state: STATE }),
    ],
  ])('is read %s', (_shape, result) => {
    expect(shown(result)).toEqual(expected)
  })

  it.each(['0', '-1', 'soon', '300.5', '100000', ''])(
    'may live for %j, which says nothing',
    (life) => {
      expect(readForm({ code: 'a', state: STATE, code_expires_in: life })).not.toHaveProperty(
        'codeExpiresInSeconds',
      )
    },
  )

  it('does not show itself when it is printed', () => {
    expect(JSON.stringify(read(`code=Kx.Q&state=${STATE}`))).not.toContain('Kx.Q')
  })
})

describe('a denial', () => {
  it.each([
    ['access_denied', `error=access_denied&state=${STATE}`],
    ['temporarily_unavailable', `error=temporarily_unavailable&error_description=x&state=${STATE}`],
    ['server_error', `error=SA_UNKNOWN&state=${STATE}`],
    ['server_error', `error=${encodeURIComponent('<script>')}&state=${STATE}`],
    ['access_denied', `close=true&closedAction=signInFailed&state=${STATE}`],
    ['access_denied', `closedAction=signInFailed&state=${STATE}`],
    ['access_denied', `closedAction=other&state=${STATE}`],
    ['access_denied', `close=true&state=${STATE}`],
    ['access_denied', `error=access_denied&code=&state=${STATE}`],
    ['access_denied', `code=a&closedAction=signInFailed&state=${STATE}`],
    ['server_error', `code=a&error=x&state=${STATE}`],
  ])('is %s for %s', (error, query) => {
    expect(read(query)).toEqual({ kind: 'denied', state: STATE, error })
  })

  it.each(['error=access_denied', 'close=true', 'close=true&closedAction=signInFailed'])(
    'may come without a state, as %s',
    (query) => {
      expect(read(query)).toEqual({ kind: 'denied', error: 'access_denied' })
    },
  )

  it('may stand in JSON', () => {
    const expected = { kind: 'denied', state: STATE, error: 'access_denied' }

    expect(inCode({ error: 'access_denied', state: STATE })).toEqual(expected)
    expect(inCode({ close: true, closedAction: 'signInFailed' }, { state: STATE })).toEqual(
      expected,
    )
  })
})

describe('an invalid callback', () => {
  it.each([
    ['state is missing', 'code=a'],
    ['state is missing', 'code=a&state='],
    ['state is missing', ''],
    ['state must be 1 to 256 visible ASCII characters', `code=a&state=${'s'.repeat(257)}`],
    ['state must be 1 to 256 visible ASCII characters', 'code=a&state=a%0d%0ab'],
    ['state must be 1 to 256 visible ASCII characters', 'code=a&state=%C3%A9'],
    ['state must be given once', 'code=a&state=a&state=a'],
    ['code must be given once', `code=a&code=b&state=${STATE}`],
    ['error must be given once', `error=a&error=b&state=${STATE}`],
    ['closedAction must be given once', `closedAction=a&closedAction=a&state=${STATE}`],
    ['auth_server_url must be given once', `auth_server_url=a&auth_server_url=a&state=${STATE}`],
    ['code must not be an array', `code[]=a&state=${STATE}`],
    ['code must not be an array', `code[$ne]=a&state=${STATE}`],
    ['code must not be an array', `code%5B0%5D=a&state=${STATE}`],
    ['state must not be an array', 'code=a&state[a][b]=c'],
    ['access_token must not be given', `access_token=a&state=${STATE}`],
    ['access_token must not be given', `access_token=&state=${STATE}`],
    ['id_token must not be given', `code=a&id_token=a&state=${STATE}`],
    ['refresh_token must not be given', `code=a&refresh_token=-1&state=${STATE}`],
    [
      'code must be plain or a JSON object',
      `code=${encodeURIComponent('{"code":')}&state=${STATE}`,
    ],
    ['code must be plain or a JSON object', `code=${'%7B'.repeat(3)}&state=${STATE}`],
  ])('breaks "%s": %s', (rule, query) => {
    expect(read(query)).toEqual({ kind: 'invalid', rule })
  })

  it.each([
    ['code is missing', `state=${STATE}`],
    ['code is missing', `code=&state=${STATE}`],
    ['code is missing', `closedAction=signInSuccess&state=${STATE}`],
    ['code must be 1 to 4096 visible ASCII characters', `code=${'a'.repeat(4097)}&state=${STATE}`],
    ['code must be 1 to 4096 visible ASCII characters', `code=${'a'.repeat(8192)}&state=${STATE}`],
    ['code must be 1 to 4096 visible ASCII characters', `code=a%00&state=${STATE}`],
  ])('tells its state when that is in order, and "%s"', (rule, query) => {
    expect(read(query)).toEqual({ kind: 'invalid', rule, state: STATE })
  })

  it.each([
    ['state must not have two values', { code: 'a', state: 'x' }, { state: 'y' }],
    [
      'closedAction must not have two values',
      { code: 'a', closedAction: 'x' },
      { state: 'y', closedAction: 'y' },
    ],
    ['state must be text', { code: 'a', state: ['x'] }, {}],
    ['code must be text', { code: { $ne: 1 } }, { state: 'x' }],
    ['access_token must not be given', { access_token: 'a' }, { state: 'x' }],
    ['id_token must not be given', { code: 'a', id_token: null }, { state: 'x' }],
    ['code must be plain or a JSON object', { code: 'a'.repeat(16_384) }, { state: 'x' }],
  ])('breaks "%s" inside JSON', (rule, json, outside) => {
    expect(inCode(json, outside as Record<string, string>)).toEqual({ kind: 'invalid', rule })
  })

  it('begins one character beyond each limit', () => {
    expect(readForm({ code: 'c'.repeat(4096), state: 's'.repeat(256) }).kind).toBe('code')
    expect(inCode({ code: 'c'.repeat(4096) }, { state: STATE }).kind).toBe('code')
    expect(inCode({ code: 'c'.repeat(4097) }, { state: STATE }).kind).toBe('invalid')
  })
})

it('ignores parameters that it does not know, however often they come', () => {
  expect(read(`x=1&x=2&y[]=3&__proto__[code]=4&code=a&state=${STATE}`).kind).toBe('code')
})

describe('any query', () => {
  const names = [
    'code',
    'state',
    'error',
    'close',
    'closedAction',
    'code_expires_in',
    'iss',
    'code[]',
  ]
  const value = fc.oneof(fc.string({ maxLength: 20 }), fc.json(), fc.constantFrom('a', STATE))
  const pairs = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 })

  it('is read without an exception, and never to a doubled or unusable value', () => {
    fc.assert(
      fc.property(pairs, (entries) => {
        const result = readCallback(new URLSearchParams(entries))
        const doubled = new Set(entries.map(([name]) => name)).size < entries.length

        if (doubled) expect(result.kind).toBe('invalid')
        if (result.kind === 'code') expect(result.code.reveal()).toMatch(/^[\x20-\x7e]{1,4096}$/)
        if (result.kind === 'code') expect(result.state).toMatch(/^[\x20-\x7e]{1,256}$/)
        if (result.kind === 'denied') expect(result.state ?? '-').toMatch(/^[\x20-\x7e]{1,256}$/)
      }),
    )
  })

  it('gives nothing of what names a host', () => {
    const host = fc.constantFrom('auth_server_url', 'api_server_url', 'iss', 'token_endpoint')
    fc.assert(
      fc.property(host, fc.boolean(), (name, inside) => {
        const hosts = { [name]: 'https://evil.example' }
        const fields = { code: 'a', state: STATE }
        const result = inside ? inCode({ ...fields, ...hosts }) : readForm({ ...fields, ...hosts })

        expect(result.kind).toBe('code')
        expect(JSON.stringify(shown(result))).not.toContain('evil')
      }),
    )
  })
})
