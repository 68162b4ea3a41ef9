import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { KeyTextError } from './key-text.ts'
import { readSshRsaBlob } from './ssh-rsa.ts'

/**
 * Reads base64 DER of an RSA private key, PKCS#8 (RFC 5208 §5) or PKCS#1 (RFC 8017 §A.1.2).
 *
 * @throws KeyTextError
 */
export function readPrivateKey(base64: string): KeyObject {
  const key = importPrivateKey(Buffer.from(base64, 'base64'))
  if (key === null) throw new KeyTextError('must be a PKCS#8 or PKCS#1 private key')
  return requireRsa(key)
}

/**
 * Reads base64 of an RSA public key: SPKI (RFC 5280 §4.1), PKCS#1 (RFC 8017 §A.1.1) or `ssh-rsa`.
 *
 * @throws KeyTextError
 */
export function readPublicKey(base64: string): KeyObject {
  const bytes = Buffer.from(base64, 'base64')
  // OpenSSL takes a private key for its public half, and `verbatim` would then send it to Samsung.
  if (importPrivateKey(bytes) !== null) throw new KeyTextError('must not be a private key')
  const key = importPublicKey(bytes)
  if (key === null) throw new KeyTextError('must be an SPKI, PKCS#1 or ssh-rsa public key')
  return requireRsa(key)
}

function importPrivateKey(key: Buffer): KeyObject | null {
  return (
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })) ??
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' }))
  )
}

function importPublicKey(key: Buffer): KeyObject | null {
  const jwk = readSshRsaBlob(key)
  if (jwk !== null) return attempt(() => createPublicKey({ key: jwk, format: 'jwk' }))
  return (
    attempt(() => createPublicKey({ key, format: 'der', type: 'spki' })) ??
    attempt(() => createPublicKey({ key, format: 'der', type: 'pkcs1' }))
  )
}

function attempt(make: () => KeyObject): KeyObject | null {
  try {
    return make()
  } catch {
    return null
  }
}

function requireRsa(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new KeyTextError('must be an RSA key')
  return key
}

/**
 * Tells whether two halves make one pair, by signing and verifying once: that also finds a private
 * half that was damaged on its way.
 */
export function belongTogether(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const probe = Buffer.from('knoxgate')
  try {
    return verify('RSA-SHA512', probe, publicKey, sign('RSA-SHA512', probe, privateKey))
  } catch {
    return false
  }
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order, without white space. */
export function thumbprint(publicKey: KeyObject): string {
  const { e, n } = publicKey.export({ format: 'jwk' })
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')
}
