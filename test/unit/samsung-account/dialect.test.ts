import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readTokenResponse } from '../../../src/samsung-account/dialect.ts'

const SENT = 1_760_000_000_000

const read = (body: unknown, status = 200) =>
  readTokenResponse({
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: new Map(),
    requestedAt: SENT,
    receivedAt: SENT + 4000,
  })

/** Samsung's own example, protocol.md 2.5. */
const example = {
  access_token: 'abc123',
  token_type: 'Bearer',
  access_token_expires_in: 3600,
  expires_in: 3600,
  refresh_token: -1,
  refresh_token_expires_in: -1,
  userId: 'y0zpz',
}

it('reads the example of the documentation, which has no refresh token', () => {
  const { tokens, standard } = read(example) ?? {}

  expect(tokens?.accessToken.reveal()).toBe('abc123')
  expect(tokens).toEqual({
    accessToken: expect.anything(),
    accessExpiresAt: SENT + 3_600_000,
    userId: 'y0zpz',
    receivedAt: SENT + 4000,
  })
  expect(standard).toEqual({ access_token: 'abc123', token_type: 'Bearer', expires_in: 3600 })
})

it('reads a response in which numbers are text', () => {
  const { tokens, standard } =
    read({
      ...example,
      access_token_expires_in: '86400',
      expires_in: '86400',
      refresh_token: 'r1',
      refresh_token_expires_in: '7776000',
      userId: 4711,
      inputEmailID: 'admin@example.com',
    }) ?? {}

  expect(tokens?.refreshToken?.reveal()).toBe('r1')
  expect(tokens).toMatchObject({
    accessExpiresAt: SENT + 86_400_000,
    refreshExpiresAt: SENT + 7_776_000_000,
    userId: '4711',
    email: 'admin@example.com',
  })
  expect(standard).toMatchObject({ expires_in: 86_400, refresh_token: 'r1' })
})

it.each([-1, 0, 1234, '-1', '', ' ', null, true, {}, undefined])(
  'finds no refresh token in %j',
  (value) => {
    const { tokens, standard } =
      read({ ...example, refresh_token: value, refresh_token_expires_in: 60 }) ?? {}

    expect(tokens).not.toHaveProperty('refreshToken')
    expect(tokens).not.toHaveProperty('refreshExpiresAt')
    expect(standard).not.toHaveProperty('refresh_token')
  },
)

it.each([
  [{ expires_in: 1 }, 1],
  [{ expires_in: 7200.9 }, 7200],
  [{ expires_in: '7200.9' }, 7200],
  [{ access_token_expires_in: 60 }, 60],
  [{ access_token_expires_in: 60, expires_in: 30 }, 30],
  [{ access_token_expires_in: 30, expires_in: 60 }, 30],
  [{ access_token_expires_in: -1, expires_in: 60 }, 60],
  [{ expires_in: 1e15 }, 315_360_000],
  [{}, 3600],
  [{ expires_in: 0 }, 3600],
  [{ expires_in: -1 }, 3600],
  [{ expires_in: '-1', access_token_expires_in: 'soon' }, 3600],
  [{ expires_in: null, access_token_expires_in: [60] }, 3600],
])('counts the life of %j as %i seconds', (life, seconds) => {
  expect(read({ access_token: 'a', ...life })?.tokens.accessExpiresAt).toBe(SENT + seconds * 1000)
})

it.each([
  ['Bearer', undefined],
  ['Bearer', null],
  ['Bearer', ''],
  ['bearer', 'bearer'],
  ['mac', 'mac'],
])('tells the library the token type %s for %j', (type, value) => {
  expect(read({ access_token: 'a', token_type: value })?.standard.token_type).toBe(type)
})

it('tells the library neither scope nor id_token nor anything unknown', () => {
  const standard = read({ access_token: 'a', scope: null, id_token: '', x: 1 })?.standard

  expect(Object.keys(standard ?? {})).toEqual(['access_token', 'token_type', 'expires_in'])
})

it.each(['', 'a'.repeat(257), 'a\nb', 'a\u202eb', {}, 1.5])('ignores the user id %j', (userId) => {
  expect(read({ ...example, userId })?.tokens).not.toHaveProperty('userId')
})

describe('tokens', () => {
  it.each([
    ['an error', { error: 'invalid_grant' }, 200],
    ['an empty access token', { ...example, access_token: '' }, 200],
    ['a number as access token', { ...example, access_token: -1 }, 200],
    ['a list', [example], 200],
    ['no JSON', 'access_token=abc', 200],
    ['another status', example, 400],
  ])('are not found in %s', (_what, body, status) => {
    expect(read(body, status)).toBeNull()
  })

  it('are not read from more than 64 KiB', () => {
    const body = JSON.stringify(example)

    expect(read(body.padEnd(65_536))).not.toBeNull()
    expect(read(body.padEnd(65_537))).toBeNull()
  })

  it('are not lost for another status of success', () => {
    expect(read(example, 201)).not.toBeNull()
  })
})

it('throws at nothing that can be sent, and dates can always be written', () => {
  const value = fc.jsonValue()
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(example)), value), (body) => {
      const tokens = read({ access_token: 'a', ...body })?.tokens
      for (const at of [tokens?.accessExpiresAt ?? 0, tokens?.refreshExpiresAt ?? 0]) {
        expect(() => new Date(at).toISOString()).not.toThrow()
      }
    }),
  )
})
