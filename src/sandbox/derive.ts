import { createHmac } from 'node:crypto'
import type { KeysFile } from './keys.ts'

/** Derives bytes from the private key: the same ones at every start with the same `keys.json`. */
export const derive = (keys: KeysFile, purpose: string): Buffer =>
  createHmac('sha256', keys.Private).update(purpose).digest()

/** Two UUIDs, the `context` of unsigned tokens (protocol.md 9b). `of` names whose they are. */
export const contextFrom = (keys: KeysFile, of = ''): string =>
  deriveUuid(keys, `${of}context 1`) + deriveUuid(keys, `${of}context 2`)

/** A Client Identifier looks like an HS512 JWT, and is opaque to its owner (protocol.md 3.3). */
export function clientIdentifierFrom(keys: KeysFile, context: string, of = ''): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS512' })}.${encode({ clientIdentifier: context, attr1: '1' })}`
  const secret = derive(keys, `${of}client identifier`)
  return `${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`
}

/** A version 4 UUID (RFC 9562 §5.4) out of derived instead of random bits. */
function deriveUuid(keys: KeysFile, purpose: string): string {
  const hex = derive(keys, purpose).toString('hex')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}
