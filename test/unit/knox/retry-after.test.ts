import { expect, it } from '@jest/globals'
import { readRetryAfterSeconds } from '../../../src/knox/retry-after.ts'

const ARRIVED = Date.parse('2026-11-20T17:00:00.500Z')

const read = (text?: string): number | undefined =>
  readRetryAfterSeconds({
    headers: new Map(text === undefined ? [] : [['retry-after', text]]),
    receivedAt: ARRIVED,
  })

it.each([
  ['0', 0],
  ['1', 1],
  [' 12 ', 12],
  ['300', 300],
  ['301', 300],
  ['9'.repeat(400), 300],
  ['Fri, 20 Nov 2026 17:00:01 GMT', 1],
  ['Fri, 20 Nov 2026 17:00:30 GMT', 30],
  ['Fri, 20 Nov 2026 16:59:59 GMT', 0],
  ['Fri, 20 Nov 2026 17:05:01 GMT', 300],
  ['Sat, 20 Nov 2027 17:00:00 GMT', 300],
])('reads %j as %i seconds', (text, seconds) => {
  expect(read(text)).toBe(seconds)
})

it.each([undefined, '', '-1', '1.5', 'soon', '2026-11-20T17:00:30Z', 'Fri, 99 Abc 2026 GMT'])(
  'reads nothing from %j',
  (text) => {
    expect(read(text)).toBeUndefined()
  },
)
