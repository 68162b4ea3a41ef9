import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  readCode,
  readCodes,
  readJsonObject,
  readMessage,
} from '../../../src/outbound/foreign-text.ts'

const JWT = 'eyJhbGciOiJSUzUxMiJ9.eyJhdWQiOiJLbm94V1NNIn0.c2lnbmF0dXJl'

describe('a message', () => {
  it.each([
    ['as it is', 'Failed to parse jwt token', 'Failed to parse jwt token'],
    ['without a JWT', `token ${JWT} has expired`, 'token has expired'],
    ['without a JWT that was cut', `token ${JWT.slice(0, 30)}`, 'token'],
    ['without a JWT in quotes', `token="${JWT}"`, 'token=""'],
    ['without a token of 20 characters', 'bad pqqt6Qd3uuFKC4zCKm6Z token', 'bad token'],
    [
      'with one of 19, or an id',
      'pqqt6Qd3uuFKC4zCKm6 3f0c5a8e-000',
      'pqqt6Qd3uuFKC4zCKm6 3f0c5a8e-000',
    ],
    ['without a long token that has no digit', `bad ${'pqQt'.repeat(8)}`, 'bad'],
    ['with a name in mixed case', 'InvalidRefreshTokenException', 'InvalidRefreshTokenException'],
    ['without a long key', `key ${'MIIBIjANBgkq'.repeat(9)}1 bad`, 'key bad'],
    [
      'with a long name',
      'ACCESS_TOKEN_TIMEOUT_VALIDITY_RESOURCE_INVALID_PARAM',
      'ACCESS_TOKEN_TIMEOUT_VALIDITY_RESOURCE_INVALID_PARAM',
    ],
    ['on one line', 'a\r\nb\tc\u2028d\u0000e\u001b[31mf', 'a b c d e [31mf'],
    ['without marks that turn the text around', 'a\u202eb\u200fc', 'a b c'],
    ['with letters of any language', '키 오류', '키 오류'],
  ])('is kept %s', (_how, text, kept) => {
    expect(readMessage(text)).toBe(kept)
  })

  it.each([
    ['a number', 7],
    ['an object', {}],
    ['nothing', ''],
    ['blanks', ' \n'],
    ['only a JWT', JWT],
  ])('is not made of %s', (_what, value) => {
    expect(readMessage(value)).toBeUndefined()
  })

  it('has at most 200 characters', () => {
    expect(readMessage('ab '.repeat(200))).toHaveLength(200)
    expect(readMessage('a '.repeat(10_000_000))).toHaveLength(200)
  })

  it('is printable and well-formed whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        const message = readMessage(text) ?? '-'
        expect(message).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u)
      }),
    )
  })
})

describe('a code', () => {
  it.each([
    [4012250, '4012250'],
    ['4012250', '4012250'],
    ['AUT_1802', 'AUT_1802'],
    ['3f0c5a8e-0000-4000-8000-000000000000', '3f0c5a8e-0000-4000-8000-000000000000'],
    ['a'.repeat(40), 'a'.repeat(40)],
    ['a'.repeat(41), undefined],
    ['', undefined],
    ['two words', undefined],
    ['a\n', undefined],
    ['eyJhbGciOiJSUzUxMiJ9', undefined],
    ['pqqt6Qd3uuFKC4zC', 'pqqt6Qd3uuFKC4zC'],
    ['pqqt6Qd3uuFKC4zCK', undefined],
    ['pqqtQdQuuFKCQzCKmQRkXQeAQKEOAqQw', undefined],
    [null, undefined],
    [true, undefined],
    [['4012250'], undefined],
  ])('is read from %j as %j', (value, code) => {
    expect(readCode(value)).toBe(code)
  })

  it('may come in a list, of which eight count', () => {
    expect(readCodes([4030000, 'X', {}, '4032251'])).toEqual(['4030000', 'X', '4032251'])
    expect(readCodes('4012250')).toEqual(['4012250'])
    expect(readCodes(undefined)).toEqual([])
    expect(readCodes(Array.from({ length: 9 }, (_, n) => n))).toHaveLength(8)
  })
})

it.each(['', '[]', 'null', '"a"', '1', '{', '<xml/>'])('finds no JSON object in %j', (text) => {
  expect(readJsonObject(text)).toBeNull()
})

it('reads __proto__ as a name like any other', () => {
  expect([...(readJsonObject('{"__proto__": {"code": 1}}') ?? [])]).toEqual([
    ['__proto__', { code: 1 }],
  ])
})
