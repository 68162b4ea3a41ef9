import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readSkew } from '../../../src/outbound/clock-skew.ts'
import {
  readCode,
  readCodes,
  readJsonObject,
  readMessage,
} from '../../../src/outbound/foreign-text.ts'
import { parseHttpDate } from '../../../src/outbound/http-date.ts'
import { readRetryAfterSeconds } from '../../../src/outbound/retry-after.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT'

const retryAfter = (text: string) =>
  readRetryAfterSeconds({
    headers: new Map([
      ['retry-after', text],
      ['date', DATE],
    ]),
    receivedAt: 0,
  })

describeReaders([
  { name: 'parseHttpDate', read: parseHttpDate, good: [DATE] },
  { name: 'readRetryAfterSeconds', read: retryAfter, good: ['120', DATE] },
  { name: 'readMessage', read: readMessage, good: ['the token has expired'] },
  { name: 'readCode', read: readCode, good: ['4010011', 'AUT_1805'] },
  { name: 'readCodes', read: readCodes, good: ['4010011'] },
  { name: 'readJsonObject', read: readJsonObject, good: ['{"a":1}', '{}'] },
  {
    name: 'readSkew',
    read: (dateHeader) =>
      readSkew({
        host: 'samsung.example',
        status: 200,
        cached: false,
        dateHeader,
        requestedAt: 0,
        receivedAt: 0,
      }),
    good: [DATE],
  },
])

describe('a date of a header', () => {
  it('is read back to the second, in every year from 100 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: -59_011_459_200, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString())).toBe(seconds * 1000)
      }),
    )
  })
})

describe('how long to wait', () => {
  it('is 0 to 300 whole seconds, or nothing', () => {
    const value = fc.oneof(
      fc.nat().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.string(),
    )
    fc.assert(
      fc.property(value, (text) => {
        const seconds = retryAfter(text) ?? 0
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 300).toBe(true)
      }),
    )
  })
})

describe('the words of another party', () => {
  it('of any type become a short, printable, well-formed text, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: 'binary' })), (value) => {
        const message = readMessage(value) ?? 'x'
        expect(message.length).toBeGreaterThan(0)
        expect(message.length).toBeLessThanOrEqual(200)
        expect(message.isWellFormed()).toBe(true)
        expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
        for (const code of readCodes(value)) expect(code).toMatch(/^[\w.:-]{1,40}$/)
      }),
    )
  })
})
