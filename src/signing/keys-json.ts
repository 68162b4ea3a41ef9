import type { KeyObject } from 'node:crypto'
import type { KeyPair } from './key-pair.ts'
import { bareBase64, KeyTextError } from './key-text.ts'
import { belongTogether, readPrivateKey, readPublicKey, thumbprint } from './rsa-key.ts'

/** Below this an RSA key is weak; `jose` and NIST SP 800-131A refuse it. */
const MIN_MODULUS_BITS = 2048
/** Below this an RSA key is broken, and refused whatever the configuration says. */
const MIN_LEGACY_MODULUS_BITS = 1024

/** A `keys.json` that cannot be used. `rule` names the field and the rule, never a value. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly rule: string

  constructor(rule: string) {
    super(`keys.json: ${rule}`)
    this.rule = rule
  }
}

/**
 * Reads the text of a `keys.json` as the Knox API portal gives it out, in every encoding seen in the
 * field: base64 with or without line breaks and PEM armour; the private half PKCS#1 or PKCS#8; the
 * public half SPKI, PKCS#1 or an OpenSSH blob.
 *
 * @param options.allowLegacyRsa - Accepts RSA keys of 1024 to 2047 bits too.
 * @throws KeyFileError
 * @see protocol.md 3.4 and 9b
 */
export function parseKeysJson(
  text: string,
  options: { readonly allowLegacyRsa: boolean },
): KeyPair {
  const file = parseObject(text)
  const privateKey = readHalf(file, 'Private', readPrivateKey)
  const publicKey = readHalf(file, 'Public', readPublicKey)
  const modulusBits = checkSize(privateKey, options.allowLegacyRsa)
  if (!belongTogether(privateKey, publicKey)) {
    throw new KeyFileError('Public must be the public half of Private')
  }
  return {
    privateKey,
    publicKeySpki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    publicKeyVerbatim: readHalf(file, 'Public', (base64) => base64),
    modulusBits,
    thumbprint: thumbprint(publicKey),
  }
}

function parseObject(text: string): ReadonlyMap<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The foreign error quotes its input: the private key.
    throw new KeyFileError('the file must be JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new KeyFileError('the file must be a JSON object')
  }
  return new Map<string, unknown>(Object.entries(parsed))
}

/** Finds one half by its exact name and reads it; every failure names the half. */
function readHalf<T>(
  file: ReadonlyMap<string, unknown>,
  field: 'Public' | 'Private',
  read: (base64: string) => T,
): T {
  const value = file.get(field)
  if (value === undefined) throw new KeyFileError(`${field} is missing`)
  if (typeof value !== 'string') throw new KeyFileError(`${field} must be a string`)
  try {
    return read(bareBase64(value))
  } catch (error) {
    if (error instanceof KeyTextError) throw new KeyFileError(`${field} ${error.rule}`)
    throw error
  }
}

function checkSize(key: KeyObject, allowLegacyRsa: boolean): number {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < MIN_LEGACY_MODULUS_BITS) {
    throw new KeyFileError('the RSA key must have at least 1024 bits, better 2048')
  }
  if (bits < MIN_MODULUS_BITS && !allowLegacyRsa) {
    throw new KeyFileError(
      'the RSA key must have at least 2048 bits unless allow_legacy_rsa is set',
    )
  }
  return bits
}
