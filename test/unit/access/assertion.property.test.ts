import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createAssertionProver } from '../../../src/access/assertion-prover.ts'
import { ALGORITHMS, AUDIENCE, entryOf, makeAssertion, NOW_S } from '../../support/assertions.ts'
import { portalOf } from './support/book.ts'

const portal = portalOf('acme')
const KEYS = ALGORITHMS.map((alg) => ({ portal, ...entryOf(alg, alg.toLowerCase()) }))
const { prove } = createAssertionProver({ audience: AUDIENCE, clock: () => NOW_S * 1000 })
const isProven = async (text: string) => 'claims' in (await prove(text, KEYS))

const goods = ALGORITHMS.map((alg) => makeAssertion({ alg, kid: alg.toLowerCase() }))
const good = fc.constantFrom(...goods)

describe('an assertion of which anything is changed', () => {
  beforeAll(async () => {
    for (const text of goods) expect(await isProven(text)).toBe(true)
  })

  it('proves nothing: any one character, at any place', async () => {
    const changed = fc
      .tuple(good, fc.nat(), fc.integer({ min: 0, max: 0x7f }))
      .map(([text, at, code]) => ({ text, at: at % text.length, code }))
      .filter(({ text, at, code }) => text.charCodeAt(at) !== code)

    await fc.assert(
      fc.asyncProperty(changed, async ({ text, at, code }) => {
        const other = `${text.slice(0, at)}${String.fromCharCode(code)}${text.slice(at + 1)}`
        expect(await isProven(other)).toBe(false)
      }),
      { numRuns: 3000 },
    )
  })

  it('proves nothing: every bit of every byte of each part', async () => {
    const text = goods[ALGORITHMS.indexOf('ES256')] ?? ''
    const parts = text.split('.').map((part) => Buffer.from(part, 'base64url'))
    for (const [index, part] of parts.entries()) {
      for (let bit = 0; bit < part.length * 8; bit += 1) {
        const changed = Buffer.from(part)
        const byte = bit >> 3
        changed.writeUInt8(changed.readUInt8(byte) ^ (1 << (bit & 7)), byte)
        const others = parts.map((one, at) => (at === index ? changed : one).toString('base64url'))
        expect([index, bit, await isProven(others.join('.'))]).toEqual([index, bit, false])
      }
    }
  })

  it('proves nothing: a piece taken out, put in twice, or from another', async () => {
    const cut = fc.tuple(good, good, fc.nat(), fc.nat()).map(([one, other, a, b]) => {
      const [from, to] = [a % one.length, b % one.length].sort((x, y) => x - y)
      return { one, other, from: from ?? 0, to: (to ?? 0) + 1 }
    })

    await fc.assert(
      fc.asyncProperty(cut, async ({ one, other, from, to }) => {
        const [before, piece, after] = [one.slice(0, from), one.slice(from, to), one.slice(to)]
        for (const text of [before + after, before + piece + piece + after])
          expect(await isProven(text)).toBe(false)
        const mixed = before + other.slice(from, to) + after
        expect(await isProven(mixed)).toBe(mixed === one || mixed === other)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('anything that is no assertion', () => {
  const base64url = fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => Buffer.from(bytes).toString('base64url'))
  const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('base64url'))
  const header = fc
    .record({ alg: fc.constantFrom(...ALGORITHMS, 'none', 'HS256'), kid: fc.string() })
    .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'))
  const part = fc.oneof(base64url, json, header, fc.string())

  it('proves nothing, and fails in no other way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        expect(await prove(parts.join('.'), KEYS)).toHaveProperty('reason')
      }),
      { numRuns: 3000 },
    )
  })

  it('proves nothing with claims of any types, signed by the right key', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('acme', AUDIENCE, NOW_S, NOW_S + 60))
    const names = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'] as const
    const only: Readonly<Record<string, string>> = { iss: 'acme', sub: 'acme', aud: AUDIENCE }

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), value, async (name, given) => {
        const text = makeAssertion({ kid: 'es256', claims: { [name]: given } })
        const proof = await prove(text, KEYS)
        if (name in only) expect('claims' in proof).toBe(given === only[name])
        if ('claims' in proof) expect(proof.claims[name]).toBe(given)
      }),
      { numRuns: 1000 },
    )
  })
})
