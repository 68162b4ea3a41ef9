import { describe, expect, it } from '@jest/globals'
import { readRetryAfterSeconds } from '../../../src/outbound/retry-after.ts'

const ARRIVED = Date.parse('2026-11-20T17:00:00.500Z')

const read = (text?: string, more: Readonly<Record<string, string>> = {}): number | undefined =>
  readRetryAfterSeconds({
    headers: new Map([
      ...(text === undefined ? [] : [['retry-after', text] as const]),
      ...Object.entries(more),
    ]),
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

describe('a date', () => {
  const at = 'Fri, 20 Nov 2026 17:00:30 GMT'

  it.each([
    ['the same', 'Fri, 20 Nov 2026 17:00:00 GMT', 30],
    ['four minutes behind', 'Fri, 20 Nov 2026 16:56:00 GMT', 270],
    ['ahead, and the time has come', 'Fri, 20 Nov 2026 17:00:30 GMT', 0],
    ['ahead, and the time is over', 'Fri, 20 Nov 2026 17:04:00 GMT', 0],
  ])('is counted by the clock of its server: %s', (_, date, seconds) => {
    expect(read(at, { date })).toBe(seconds)
  })

  it.each([
    ['cannot be read', { date: 'today' }],
    ['was kept by a cache', { date: 'Fri, 20 Nov 2026 16:56:00 GMT', age: '240' }],
  ])('is counted from its arrival when the date of the answer %s', (_, more) => {
    expect(read(at, more)).toBe(30)
  })
})
