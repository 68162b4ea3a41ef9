import { describe, expect, it } from '@jest/globals'
import {
  readIdempotencyKey,
  refuseIdempotencyKey,
} from '../../../src/idempotency/idempotency-key.ts'
import { ServiceError } from '../../../src/shared/errors.ts'

/** What a field is refused with. */
function refusalOf(read: () => unknown): ServiceError {
  try {
    read()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('the field Idempotency-Key', () => {
  it('may be absent', () => {
    expect(readIdempotencyKey(undefined)).toBeNull()
    expect(readIdempotencyKey([])).toBeNull()
  })

  it.each([
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['!', '!'],
    ['~', '~'],
    ['order:17;a=b+/=', 'order:17;a=b+/='],
    ['a\\b', 'a\\b'],
    ['"a,b;c"', 'a,b;c'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a'.repeat(255), 'a'.repeat(255)],
    [`"${'a'.repeat(255)}"`, 'a'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('%j names the key %j', (field, key) => {
    expect(readIdempotencyKey([field])).toBe(key)
  })

  it.each([
    '',
    ' ',
    '""',
    '"',
    'a b',
    '"a b"',
    'a,b',
    'a, b',
    '"a", "b"',
    '"a"b',
    'a"b',
    '"a";x=1',
    '"a\\n"',
    '"a\\"',
    'caf\u00e9',
    '"caf\u00e9"',
    'a\u007f',
    'a\tb',
    'a'.repeat(256),
    `"${'a'.repeat(256)}"`,
  ])('is refused when it is %j, by name and without its value', (field) => {
    const { code, extras } = refusalOf(() => readIdempotencyKey([field]))

    expect(code).toBe('invalid_request')
    expect(extras.errors).toEqual([
      { field: 'Idempotency-Key', rule: expect.stringMatching(/^must be 1 to 255 visible ASCII/) },
    ])
    expect(extras.detail).toBe(`Idempotency-Key ${extras.errors?.[0]?.rule}`)
  })

  it('is refused when it comes twice, also with the same key', () => {
    const { code, extras } = refusalOf(() => readIdempotencyKey(['a', 'a']))

    expect([code, extras.detail]).toEqual([
      'malformed_request',
      'Idempotency-Key is given more than once',
    ])
  })
})

describe('a route whose answer is kept nowhere', () => {
  it('refuses the field, whatever is in it, and takes its absence', () => {
    const { code, extras } = refusalOf(() => refuseIdempotencyKey(['"a"']))

    expect(code).toBe('invalid_request')
    expect(extras.errors?.[0]?.field).toBe('Idempotency-Key')
    expect(() => refuseIdempotencyKey([])).not.toThrow()
    expect(() => refuseIdempotencyKey(undefined)).not.toThrow()
  })
})
