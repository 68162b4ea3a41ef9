import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type PublicJwk, readPublicJwk, thumbprintOf } from '../../src/signing/public-jwk.ts'

/*
 * Assertions as a portal's own code would make them: by OpenSSL through node:crypto, and not by the
 * library that they are verified with.
 */

export const AUDIENCE = 'https://connect.example.com'

/** 2026-11-20T17:00:00Z, in seconds. */
export const NOW_S = Date.parse('2026-11-20T17:00:00Z') / 1000

interface Pair {
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** As a portal registers it. */
  readonly jwk: PublicJwk
}

const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 })

function makePair(alg: string): Pair {
  const { privateKey, publicKey } =
    alg.startsWith('RS') || alg.startsWith('PS')
      ? rsaPair
      : alg.startsWith('Ed')
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: CURVES[alg] ?? '' })
  const jwk = readPublicJwk({ ...publicKey.export({ format: 'jwk' }), alg })
  return { alg, privateKey, publicKey, jwk }
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** Every algorithm by the name that a header gives it. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** A key pair for each. */
const PAIRS: ReadonlyMap<string, Pair> = new Map(ALGORITHMS.map((alg) => [alg, makePair(alg)]))

export function pairOf(alg: string): Pair {
  const pair = PAIRS.get(alg)
  if (pair === undefined) throw new RangeError(alg)
  return pair
}

/** The entry of an assertion key with this pair's public half. */
export const entryOf = (alg: string, id: string) => {
  const { jwk } = pairOf(alg)
  return { id, hash: thumbprintOf(jwk), publicKey: jwk, scopes: ['tokens'] as const }
}

/** The signature of a text, as RFC 7518 §3 writes it. */
function signText(alg: string, key: KeyObject, text: string): Buffer {
  const digest = `sha${alg.slice(2)}`
  const data = Buffer.from(text, 'latin1')
  switch (alg.slice(0, 2)) {
    case 'HS':
      return createHmac(digest, key).update(data).digest()
    case 'PS': {
      const padding = constants.RSA_PKCS1_PSS_PADDING
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return sign(digest, data, { key, padding, saltLength })
    }
    case 'RS':
      return sign(digest, data, key)
    case 'ES':
      return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
    default:
      return sign(null, data, key)
  }
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A compact JWS. Header and payload may be texts, to be sent as they are. */
export function makeJws(alg: string, key: KeyObject, header: unknown, payload: unknown): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signText(alg, key, input).toString('base64url')}`
}

let count = 0

/** The claims of a good assertion of `acme`, each time with another `jti`; changes may take some away. */
export function claimsOf(changes: Readonly<Record<string, unknown>> = {}) {
  count += 1
  return {
    iss: 'acme',
    sub: 'acme',
    aud: AUDIENCE,
    iat: NOW_S,
    exp: NOW_S + 60,
    jti: `jti-${count}`,
    ...changes,
  }
}

export interface Forgery {
  readonly alg?: string
  readonly kid?: string
  /** Merged into the header. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Merged into the claims. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** An assertion that is good unless a change makes it otherwise, signed with the key of its algorithm. */
export function makeAssertion({
  alg = 'ES256',
  kid = 'key-1',
  header,
  claims,
}: Forgery = {}): string {
  const { privateKey } = pairOf(alg)
  return makeJws(alg, privateKey, { alg, kid, typ: 'JWT', ...header }, claimsOf(claims))
}

/** The other signature of the same text that ECDSA has: (r, n − s). */
export function otherSignature(jws: string): string {
  const [header, payload, signature = ''] = jws.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const other = (P256_ORDER - s).toString(16).padStart(64, '0')
  const changed = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, 'hex')])
  return `${header}.${payload}.${changed.toString('base64url')}`
}

/** FIPS 186-4 §D.1.2.3 */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
