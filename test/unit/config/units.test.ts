import { describe, expect, it } from '@jest/globals'
import { parseCount, parseDuration, parseSize } from '../../../src/config/units.ts'

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
  ])('reads %s as %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    '90',
    '1.5s',
    '-1s',
    '1 s',
    '1S',
    's',
    '',
    '1w',
    '1s ',
    '9999999999s',
    90,
    null,
    ['1s'],
  ])('refuses %j', (value) => {
    expect(parseDuration(value)).toBeUndefined()
  })
})

describe('parseSize', () => {
  it.each([
    ['16kb', 16_384],
    ['1mb', 1_048_576],
    ['512b', 512],
    ['512', 512],
    [512, 512],
  ])('reads %j as %i bytes', (value, bytes) => {
    expect(parseSize(value)).toBe(bytes)
  })

  it.each(['1gb', '1.5kb', '-1', '', 1.5, -1, Number.NaN, 1e21, true])('refuses %j', (value) => {
    expect(parseSize(value)).toBeUndefined()
  })
})

describe('parseCount', () => {
  it('reads whole numbers as number and as text', () => {
    expect(parseCount(100)).toBe(100)
    expect(parseCount('100')).toBe(100)
    expect(parseCount('0')).toBe(0)
  })

  it.each(['', '1e3', '0x10', '-1', '1.0', 1.5, -1, null])('refuses %j', (value) => {
    expect(parseCount(value)).toBeUndefined()
  })
})
