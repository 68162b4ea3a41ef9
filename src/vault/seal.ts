import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
/** Without it node:crypto verifies a tag of four bytes as readily as one of sixteen. */
const TAG = { authTagLength: TAG_BYTES } as const
const VERSION = 'v1'

/** 32 bytes of AES-256 key. A `KeyObject` saves their import on every call. */
export type SealKey = KeyObject | Uint8Array

/** What is authenticated beside the text, in order. Frozen: a change makes every record unreadable. */
export type AssociatedParts = readonly (string | number)[]

const unreadable = (): ServiceError => new ServiceError('record_unreadable')

/** Every part with its length in front, so that no two lists of parts give the same bytes. */
const associatedData = (parts: AssociatedParts): Buffer =>
  Buffer.from(parts.map((part) => `${Buffer.byteLength(String(part))}:${part},`).join(''))

/**
 * AES-256-GCM with a given IV: ciphertext, then the 16-byte tag (NIST SP 800-38D §7.1).
 *
 * Only for {@link sealBytes} and the vectors it is tested with: an IV must never be used twice.
 */
export function encryptGcm(
  key: SealKey,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, iv, TAG).setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/**
 * Opens what {@link encryptGcm} made (NIST SP 800-38D §7.2). Nothing is released before the tag of
 * all of it is verified.
 *
 * @throws ServiceError `record_unreadable`, with nothing of what node:crypto said.
 */
export function decryptGcm(
  key: SealKey,
  iv: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Buffer {
  if (iv.length !== IV_BYTES || sealed.length < TAG_BYTES) throw unreadable()
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv(ALGORITHM, key, iv, TAG)
  decipher.setAAD(aad).setAuthTag(sealed.subarray(end))
  const plaintext = decipher.update(sealed.subarray(0, end))
  try {
    decipher.final()
    return plaintext
  } catch {
    plaintext.fill(0)
    throw unreadable()
  }
}

/** Base64url (RFC 4648 §5) in its one canonical spelling; Node's decoder alone accepts many. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw unreadable()
  return bytes
}

/** Encrypts bytes under a fresh random IV: `<iv>.<ciphertext and tag>`, base64url. */
export function sealBytes(key: SealKey, parts: AssociatedParts, plaintext: Uint8Array): string {
  const iv = randomBytes(IV_BYTES)
  const sealed = encryptGcm(key, iv, associatedData(parts), plaintext)
  return `${iv.toString('base64url')}.${sealed.toString('base64url')}`
}

/**
 * Opens the two texts that {@link sealBytes} joined by a dot.
 *
 * @throws ServiceError `record_unreadable` for another key, other parts, or any changed character.
 */
export function openBytes(
  key: SealKey,
  parts: AssociatedParts,
  iv: string,
  sealed: string,
): Buffer {
  return decryptGcm(key, decode(iv), associatedData(parts), decode(sealed))
}

/** Encrypts a text: `v1.<iv>.<ciphertext and tag>`. `parts` are authenticated with it. */
export const sealText = (key: SealKey, parts: AssociatedParts, plaintext: string): string =>
  `${VERSION}.${sealBytes(key, parts, Buffer.from(plaintext))}`

/**
 * Opens a text made by {@link sealText}.
 *
 * @throws ServiceError `record_unreadable` for another version, key or `parts`, or any changed
 * character; it does not say which.
 */
export function openText(key: SealKey, parts: AssociatedParts, text: string): string {
  const [version, iv, sealed, ...rest] = text.split('.')
  if (version !== VERSION || iv === undefined || sealed === undefined || rest.length > 0) {
    throw unreadable()
  }
  return openBytes(key, parts, iv, sealed).toString()
}
