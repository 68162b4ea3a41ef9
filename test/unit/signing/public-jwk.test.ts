import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  ASSERTION_ALGORITHMS,
  namesAlgorithm,
  PublicJwkError,
  publicKeyOf,
  readPublicJwk,
  thumbprintOf,
} from '../../../src/signing/public-jwk.ts'

const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent })
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })

const rsa2048 = rsa(2048)
const p256 = ec('P-256')
const ed25519 = generateKeyPairSync('ed25519')

const RSA = { ...jwkOf(rsa2048.publicKey), alg: 'PS256' }
const EC = jwkOf(p256.publicKey)
const OKP = jwkOf(ed25519.publicKey)

/** The rule that a key breaks; null when it breaks none. */
function ruleOf(value: unknown): string | null {
  try {
    readPublicJwk(value)
    return null
  } catch (error) {
    if (error instanceof PublicJwkError) return error.rule
    throw error
  }
}

describe('a public key', () => {
  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
    'of RSA is bound to the algorithm that it names: %s',
    (alg) => {
      expect(readPublicJwk({ ...RSA, alg })).toEqual({ kty: 'RSA', n: RSA.n, e: 'AQAB', alg })
    },
  )

  it.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['P-521', 'ES512'],
  ])('of the curve %s is bound to %s, named or not', (curve, alg) => {
    const jwk = jwkOf(ec(curve).publicKey)
    const { kty, crv, x, y } = jwk

    expect(readPublicJwk(jwk)).toEqual({ kty, crv, x, y, alg })
    expect(readPublicJwk({ ...jwk, alg })).toEqual(readPublicJwk(jwk))
  })

  it('of Ed25519 is one key under both names of its algorithm', () => {
    const read = readPublicJwk(OKP)

    for (const alg of ['EdDSA', 'Ed25519']) expect(readPublicJwk({ ...OKP, alg })).toEqual(read)
    expect(namesAlgorithm(read, 'EdDSA') && namesAlgorithm(read, 'Ed25519')).toBe(true)
    expect(namesAlgorithm(read, 'ES256')).toBe(false)
  })

  it('is kept without what verifying does not need', () => {
    const more = {
      kid: 'mine',
      x5c: ['MIIB'],
      x5t: 'a',
      use: 'sig',
      key_ops: ['verify'],
      ext: true,
    }

    expect(readPublicJwk({ ...EC, ...more })).toEqual(readPublicJwk(EC))
    expect(publicKeyOf(readPublicJwk(EC)).equals(p256.publicKey)).toBe(true)
  })

  it('is written in one way, whatever zeros stood in front', () => {
    const n = Buffer.concat([Buffer.alloc(3), Buffer.from(RSA.n ?? '', 'base64url')])

    expect(readPublicJwk({ ...RSA, n: n.toString('base64url') })).toEqual(readPublicJwk(RSA))
  })

  it('has the thumbprint of RFC 7638 §3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const jwk = readPublicJwk({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' })

    expect(thumbprintOf(jwk)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })
})

describe('what is no key to verify with is refused', () => {
  it.each([
    ['a private RSA key', jwkOf(rsa2048.privateKey)],
    ['a private EC key', jwkOf(p256.privateKey)],
    ['a private Ed25519 key', jwkOf(ed25519.privateKey)],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
    ['a public key with a private member', { ...EC, d: '' }],
    ['a factor alone', { ...RSA, p: 'AQAB' }],
  ])('%s: it must stay with the portal', (_, value) => {
    expect(ruleOf(value)).toMatch(/^holds a private or secret key, which must stay with the portal/)
  })

  it.each([
    ['too short', { ...jwkOf(rsa(2047).publicKey), alg: 'RS256' }, /2048 to 8192 bits/],
    ['too short by far', { ...jwkOf(rsa(1024).publicKey), alg: 'RS256' }, /2048 to 8192 bits/],
    ['of a small exponent', { ...jwkOf(rsa(2048, 3).publicKey), alg: 'RS256' }, /exponent AQAB/],
    ['without an algorithm', jwkOf(rsa2048.publicKey), /alg RS256 or RS384 or .* or PS512/],
    ['of a symmetric algorithm', { ...RSA, alg: 'HS256' }, /must have alg RS256/],
    ['of no algorithm', { ...RSA, alg: 'none' }, /must have alg RS256/],
    ['of an algorithm of another sort', { ...RSA, alg: 'ES256' }, /must have alg RS256/],
    ['of another curve’s algorithm', { ...EC, alg: 'ES384' }, /^must have alg ES256$/],
    ['of two algorithms', { ...EC, alg: ['ES256'] }, /^must have alg ES256$/],
    ['for encryption', { ...EC, use: 'enc' }, /use sig/],
    ['for another operation', { ...EC, key_ops: ['encrypt'] }, /key_ops with verify/],
    ['of a curve of coins', jwkOf(ec('secp256k1').publicKey), /P-256, P-384, P-521 or Ed25519/],
    ['for agreement', jwkOf(generateKeyPairSync('x25519').publicKey), /P-256, P-384/],
    ['of Ed448', jwkOf(generateKeyPairSync('ed448').publicKey), /P-256, P-384/],
    ['not on its curve', { ...EC, y: EC.x }, /^must be a JSON Web Key of kty/],
    ['without a part', { ...EC, y: undefined }, /^must be a JSON Web Key of kty/],
    ['of a kind unheard of', { kty: 'AKP', pub: 'AAAA', alg: 'ML-DSA-44' }, /^must be a JSON Web/],
    ['of no kind', {}, /^must be a JSON Web Key of kty/],
    ['a list', [EC], /^must be a JSON Web Key/],
    ['text', 'ssh-rsa AAAA', /^must be a JSON Web Key/],
    ['nothing', null, /^must be a JSON Web Key/],
    ['a number', 7, /^must be a JSON Web Key/],
  ])('%s', (_, value, rule) => {
    expect(ruleOf(value)).toMatch(rule)
  })

  it('of RSA: by its size, to the bit', () => {
    const ofBits = (bits: number) => {
      const n = Buffer.alloc(Math.ceil(bits / 8), 0xff)
      n.writeUInt8(0xff >> (n.length * 8 - bits), 0)
      return ruleOf({ kty: 'RSA', e: 'AQAB', alg: 'PS256', n: n.toString('base64url') })
    }

    expect([2048, 8192].map(ofBits)).toEqual([null, null])
    for (const bits of [2047, 8193]) expect(ofBits(bits)).toMatch(/2048 to 8192 bits/)
  })

  it('without a word of what it holds', () => {
    const [jwk] = [jwkOf(p256.privateKey)]

    expect(ruleOf(jwk)).not.toContain(jwk.d ?? '')
    expect(ruleOf({ ...EC, alg: 'sesame' })).not.toContain('sesame')
  })
})

it('no algorithm is symmetric, and none is none', () => {
  for (const name of Object.keys(ASSERTION_ALGORITHMS)) expect(name).toMatch(/^(RS|PS|ES|Ed)/)
})
