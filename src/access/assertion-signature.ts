import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import {
  ASSERTION_ALGORITHMS,
  type AssertionAlgorithm,
  type KeySort,
} from '../signing/public-jwk.ts'

/**
 * Whether a compact JWS was signed with the private half of a key.
 *
 * @param alg - The only algorithm that is permitted; it has to be one of the key's sort.
 */
export async function isSignedWith(
  text: string,
  key: KeyObject,
  alg: AssertionAlgorithm,
): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

/** A key that nothing was ever signed with, of the sort that an algorithm takes. */
export type Decoys = (alg: AssertionAlgorithm) => KeyObject

/**
 * Makes keys to check with where there is no key, so that an unknown key id takes as long as a known one
 * (RSA keys of another size than 2,048 bits apart).
 */
export function createDecoys(): Decoys {
  const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey
  const bySort: Readonly<Record<KeySort, KeyObject>> = {
    RSA: randomModulus(),
    'P-256': curve('P-256'),
    'P-384': curve('P-384'),
    'P-521': curve('P-521'),
    Ed25519: generateKeyPairSync('ed25519').publicKey,
  }
  return (alg) => bySort[ASSERTION_ALGORITHMS[alg]]
}

/** The product of no primes that anybody knows: making a true key would take a tenth of a second. */
function randomModulus(): KeyObject {
  const modulus = randomBytes(256)
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0)
  modulus.writeUInt8(modulus.readUInt8(255) | 1, 255)
  const key = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
  return createPublicKey({ key, format: 'jwk' })
}
