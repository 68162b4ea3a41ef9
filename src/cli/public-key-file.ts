import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type PublicJwk, PublicJwkError, readPublicJwk } from '../signing/public-jwk.ts'
import { UsageError } from './io.ts'

/**
 * Reads a public key out of a file, as a JSON Web Key or in PEM. A private key is refused here: it must
 * not be sent anywhere.
 *
 * @param alg - The algorithm, where the file does not say it: an RSA key in PEM cannot.
 * @throws UsageError that never quotes the file
 */
export function readPublicKeyFile(path: string, alg: string | undefined): PublicJwk {
  const text = readText(path).trim()
  try {
    const jwk = text.startsWith('-----BEGIN ') ? ofPem(text) : ofJson(text)
    if (alg !== undefined && 'alg' in jwk && jwk.alg !== alg)
      throw new PublicJwkError('names another algorithm than --alg')
    return readPublicJwk(alg === undefined ? jwk : { ...jwk, alg })
  } catch (error) {
    if (error instanceof PublicJwkError) throw new UsageError(`--public-key ${error.rule}`)
    throw error
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new UsageError('--public-key names a file that cannot be read')
  }
}

function ofPem(text: string): object {
  // OpenSSL would take the public half out of it and say nothing.
  if (text.includes('PRIVATE KEY-----'))
    throw new PublicJwkError('is a private key, which must stay with the portal')
  try {
    return createPublicKey(text).export({ format: 'jwk' })
  } catch {
    throw new PublicJwkError('must be a public key in PEM (SPKI), or a JSON Web Key')
  }
}

function ofJson(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below, in words that hold nothing of it.
  }
  throw new PublicJwkError('must be a public key in PEM (SPKI), or a JSON Web Key')
}
