import type { JsonWebKey } from 'node:crypto'

/** Longest number accepted, in bytes: 16,384 bits and a sign byte. */
const MAX_NUMBER_BYTES = 2049

/**
 * Reads an `ssh-rsa` public key blob (RFC 4253 §6.6): `string "ssh-rsa"`, `mpint e`, `mpint n`.
 *
 * @returns The key as a JWK (RFC 7518 §6.3.1), or `null` when the bytes are not exactly such a blob.
 */
export function readSshRsaBlob(blob: Buffer): JsonWebKey | null {
  const fields = readFields(blob, 3)
  if (fields === null) return null
  const [algorithm, exponent, modulus] = fields
  if (algorithm?.toString('latin1') !== 'ssh-rsa') return null
  const e = readMpint(exponent)
  const n = readMpint(modulus)
  return e === null || n === null ? null : { kty: 'RSA', n, e }
}

/** Reads exactly `count` length-prefixed strings (RFC 4251 §5), with nothing left over. */
function readFields(blob: Buffer, count: number): readonly Buffer[] | null {
  const fields: Buffer[] = []
  let offset = 0
  while (fields.length < count) {
    if (blob.length < offset + 4) return null
    const end = offset + 4 + blob.readUInt32BE(offset)
    if (end > blob.length) return null
    fields.push(blob.subarray(offset + 4, end))
    offset = end
  }
  return offset === blob.length ? fields : null
}

/** A positive mpint (RFC 4251 §5) as base64url without its leading zero byte. */
function readMpint(bytes: Buffer | undefined): string | null {
  if (bytes === undefined || bytes.length > MAX_NUMBER_BYTES) return null
  const first = bytes[0]
  if (first === undefined || first >= 0x80) return null
  const magnitude = first === 0 ? bytes.subarray(1) : bytes
  return magnitude.length === 0 ? null : magnitude.toString('base64url')
}
