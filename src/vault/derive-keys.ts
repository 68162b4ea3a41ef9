import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

const KEY_BYTES = 32
/** Below this the derived keys would be guessable, whatever HKDF makes of it. */
const ROOT_MIN_BYTES = 16

/**
 * What keys are derived for. One label per use, so that a value made for one use means nothing in
 * another. A label is part of what it protects: renaming one voids everything made with it.
 */
export const PURPOSES = [
  'vault-wrap',
  'csrf',
  'cursor-mac',
  'tenant-ref',
  'token-fingerprint',
  'client-identifier',
  'idempotency',
] as const

export type Purpose = (typeof PURPOSES)[number]

/**
 * Derives the 256-bit key of one purpose from a root secret: HKDF-SHA-256 (RFC 5869) without salt,
 * with `knoxgate/v1/<purpose>` as `info`.
 *
 * The same root gives the same key in every replica and after every restart. So what must outlive a
 * rotation of the vault's keys takes its root from elsewhere.
 *
 * @param root - A secret of high entropy, not a password: nothing here is slow.
 * @throws RangeError when the root is shorter than 16 bytes.
 */
export function derivePurposeKey(root: Uint8Array, purpose: Purpose): KeyObject {
  if (root.length < ROOT_MIN_BYTES) {
    throw new RangeError(`a root secret must have at least ${ROOT_MIN_BYTES} bytes`)
  }
  const derived = Buffer.from(hkdfSync('sha256', root, '', `knoxgate/v1/${purpose}`, KEY_BYTES))
  const key = createSecretKey(derived)
  derived.fill(0)
  return key
}
