import {
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import { promisify } from 'node:util'

/** A `keys.json` in the newer shape: header-less base64 of SPKI and PKCS#8 (protocol.md 3.4). */
export interface KeysFile {
  readonly Public: string
  readonly Private: string
  readonly Identifier: string
}

/** A public key known to Knox, and the texts by which a portal may name it. */
export interface RegisteredKey {
  readonly key: KeyObject
  /** Base64 SPKI DER, and the text as it was registered (protocol.md 3.4 allows both). */
  readonly names: readonly string[]
}

/** Old portals still have keys of this size (protocol.md 3.4). */
const MIN_BITS = 1024

const SSH_RSA = 'AAAAB3NzaC1yc2E'

/** Makes an RSA-2048 key pair as the Knox API portal hands it out. */
export async function generateKeysFile(): Promise<KeysFile> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return {
    Public: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    Private: pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    Identifier: randomUUID(),
  }
}

/**
 * Registers a public key in any encoding seen in the field: SPKI, PKCS#1 or an ssh-rsa blob, with
 * or without PEM armour and line breaks (protocol.md 3.4).
 *
 * @throws RangeError when the text is none of these, not RSA, or shorter than 1024 bits.
 */
export function registerKey(text: string): RegisteredKey {
  const verbatim = text
    .replace(/-----[A-Z ]+-----/g, '')
    .replace(/^\s*ssh-rsa\s+(\S+).*$/s, '$1')
    .replace(/\s+/g, '')
  const key = readKey(verbatim)
  const bits = key?.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : 0
  if (key === null || bits === undefined || bits < MIN_BITS) {
    throw new RangeError(`public key must be an RSA key of at least ${MIN_BITS} bits`)
  }
  const spki = key.export({ type: 'spki', format: 'der' }).toString('base64')
  return { key, names: [...new Set([spki, verbatim])] }
}

/** Whether a value is a public key that can be registered. */
export function isPublicKey(value: unknown): boolean {
  try {
    return typeof value === 'string' && registerKey(value).names.length > 0
  } catch {
    return false
  }
}

function readKey(base64: string): KeyObject | null {
  const bytes = Buffer.from(base64, 'base64')
  if (base64.startsWith(SSH_RSA)) return readSshKey(bytes)
  return readDer(bytes, 'spki') ?? readDer(bytes, 'pkcs1')
}

function readDer(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'der', type })
  } catch {
    return null
  }
}

/** Reads the three length-prefixed strings of RFC 4253 §6.6: the name, `e` and `n`. */
function readSshKey(bytes: Buffer): KeyObject | null {
  const parts: Buffer[] = []
  for (let rest = bytes; rest.length >= 4; ) {
    const end = 4 + rest.readUInt32BE()
    if (end > rest.length) return null
    parts.push(rest.subarray(4, end))
    rest = rest.subarray(end)
  }
  const [, e, n] = parts
  if (e === undefined || n === undefined) return null
  return readJwk({ kty: 'RSA', e: unsigned(e), n: unsigned(n) })
}

/** SSH puts a zero byte before a number that would look negative; JWK must not have it. */
const unsigned = (part: Buffer): string =>
  (part[0] === 0 ? part.subarray(1) : part).toString('base64url')

function readJwk(key: JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return null
  }
}
