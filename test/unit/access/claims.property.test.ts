import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { judgeClaims, readClaims, readHeader } from '../../../src/access/assertion.ts'
import { AUDIENCE, claimsOf, NOW_S } from '../../support/assertions.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const claims = claimsOf()

describeReaders([
  {
    name: 'readHeader',
    read: (text) => readHeader(Buffer.from(text)),
    good: ['{"alg":"ES256","kid":"key1"}', '{"typ":"JWT","kid":"key1","alg":"RS256"}'],
  },
  {
    name: 'readClaims',
    read: (text) => readClaims(Buffer.from(text)),
    good: [JSON.stringify(claims)],
  },
])

describe('claims that pass', () => {
  it('are for this service, live now, and live for at most five minutes', () => {
    const around = fc.integer({ min: NOW_S - 1000, max: NOW_S + 1000 })
    fc.assert(
      fc.property(around, around, around, (iat, exp, nbf) => {
        const read = readClaims(Buffer.from(JSON.stringify({ ...claims, iat, exp, nbf })))
        if (typeof read === 'string') return
        if (judgeClaims(read, { audience: AUDIENCE, now: NOW_S * 1000 }) !== null) return
        expect(exp - iat).toBeLessThanOrEqual(300)
        expect(exp).toBeGreaterThan(NOW_S - 61)
        expect(Math.max(iat, nbf)).toBeLessThan(NOW_S + 61)
      }),
      { numRuns: 5000 },
    )
  })
})
