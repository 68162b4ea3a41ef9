import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  isConnectionId,
  isConnectSessionId,
  newAttemptId,
  newConnectionId,
  newConnectSessionId,
  newSecretValue,
  sameSecret,
  sha256,
  timeOfConnectionId,
} from '../../../src/shared/ids.ts'

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 })

describe('a connection id', () => {
  it('is known by its form', () => {
    fc.assert(
      fc.property(time, (now) => {
        expect(newConnectionId(now)).toMatch(/^conn_[0-9a-hjkmnp-tv-z]{32}$/)
        expect(isConnectionId(newConnectionId(now))).toBe(true)
      }),
    )
  })

  it('sorts by the time it was made', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        fc.pre(a < b)
        expect(newConnectionId(a) < newConnectionId(b)).toBe(true)
      }),
    )
  })

  it('tells when it was made, to the millisecond', () => {
    fc.assert(
      fc.property(time, (now) => {
        expect(timeOfConnectionId(newConnectionId(now))).toBe(now)
      }),
    )
  })

  it('is never made twice, not even in one millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newConnectionId(1))

    expect(new Set(ids).size).toBe(10_000)
  })

  it.each([
    '',
    'conn_',
    `conn_${'0'.repeat(31)}`,
    `conn_${'0'.repeat(33)}`,
    `conn_${'0'.repeat(31)}i`,
    `conn_${'0'.repeat(31)}u`,
    `CONN_${'0'.repeat(32)}`,
    `conn_${'A'.repeat(32)}`,
    `cs_${'0'.repeat(32)}`,
    ` conn_${'0'.repeat(32)}`,
    `conn_${'0'.repeat(32)}\n`,
    `conn_${'0'.repeat(30)}}:`,
  ])('is not %j', (text) => {
    expect(isConnectionId(text)).toBe(false)
  })
})

describe('a session id', () => {
  it('cannot be guessed: 160 random bits', () => {
    const ids = Array.from({ length: 10_000 }, newConnectSessionId)

    expect(new Set(ids).size).toBe(10_000)
    expect(ids.every(isConnectSessionId)).toBe(true)
    for (let at = 3; at < 35; at++) expect(new Set(ids.map((id) => id[at])).size).toBe(32)
  })

  it('is no connection id, and the other way round', () => {
    expect(isConnectionId(newConnectSessionId())).toBe(false)
    expect(isConnectSessionId(newConnectionId(1))).toBe(false)
  })
})

describe('random values', () => {
  it.each([
    [16, 22],
    [32, 43],
  ])('of %d bytes have %d characters', (bytes, length) => {
    expect(newSecretValue(bytes)).toMatch(new RegExp(`^[\\w-]{${length}}$`))
  })

  it('are 256 bits unless less is asked for', () => {
    expect(newSecretValue()).toHaveLength(43)
    expect(newAttemptId()).toMatch(/^[\w-]{16}$/)
  })
})

describe('sameSecret', () => {
  it('is true for the same text only, whatever the lengths', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(sameSecret(a, b)).toBe(a === b)
        expect(sameSecret(a, a)).toBe(true)
      }),
    )
  })
})

it('hashes as everybody does (FIPS 180-4, "abc")', () => {
  expect(Buffer.from(sha256('abc'), 'base64url').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
