import { type KeyObject, sign as signWithCallback } from 'node:crypto'
import { promisify } from 'node:util'
import { CompactSign } from 'jose'
import type { KeyPair } from './key-pair.ts'

/** Claims in the order in which they are written. */
export type JwtClaims = Readonly<Record<string, string | number>>

/** Signs claims with one program's key. */
export interface Signer {
  /** Makes a compact JWS (RFC 7515 §7.1) on the thread pool, so that the event loop goes on. */
  sign(claims: JwtClaims): Promise<string>
}

/** The header of Samsung's own library, its members in this order (protocol.md 3.3). */
const HEADER = { alg: 'RS512', typ: 'JWT' } as const

/** What RFC 7518 §3.3 asks for, and `jose` enforces. */
const MIN_JOSE_MODULUS_BITS = 2048

const signAsync = promisify<string, Buffer, KeyObject, Buffer>(signWithCallback)

/**
 * Creates the signer of one key pair. The algorithm is fixed: RS512, RSASSA-PKCS1-v1_5 with SHA-512.
 *
 * Keys of 1024 to 2047 bits, which only `allow_legacy_rsa` lets through, are signed with `node:crypto`,
 * because `jose` refuses them.
 */
export function createSigner(keys: KeyPair): Signer {
  const { privateKey, modulusBits } = keys
  return modulusBits >= MIN_JOSE_MODULUS_BITS
    ? { sign: (claims) => signWithJose(privateKey, claims) }
    : { sign: (claims) => signLegacy(privateKey, claims) }
}

function signWithJose(key: KeyObject, claims: JwtClaims): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(HEADER).sign(key)
}

async function signLegacy(key: KeyObject, claims: JwtClaims): Promise<string> {
  const input = `${base64url(HEADER)}.${base64url(claims)}`
  const signature = await signAsync('RSA-SHA512', Buffer.from(input), key)
  return `${input}.${signature.toString('base64url')}`
}

const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')
