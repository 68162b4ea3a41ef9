import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** `conn_…`: a standing permission of one customer for one portal. */
export type ConnectionId = `conn_${string}`
/** `cs_…`: one attempt at consent. Unguessable, because it is the one-time `connect_url`. */
export type ConnectSessionId = `cs_${string}`

/** Crockford's base 32 in lower case: no i, l, o, u, and sorts as the number it stands for. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

function base32(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += ALPHABET[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return out
}

/** Makes a connection id: 48 bits of time, so that ids list in order of creation, and 80 random. */
export function newConnectionId(now: number): ConnectionId {
  const bytes = Buffer.concat([Buffer.alloc(6), randomBytes(14)])
  bytes.writeUIntBE(now, 0, 6)
  return `conn_${base32(bytes)}`
}

/** When a connection id was made, in ms since the epoch. */
export function timeOfConnectionId(id: ConnectionId): number {
  let bits = 0
  // Ten characters hold the 48 bits of time and two more.
  for (const character of id.slice('conn_'.length, 'conn_'.length + 10))
    bits = bits * 32 + ALPHABET.indexOf(character)
  return Math.floor(bits / 4)
}

/** Makes a connect session id out of 160 random bits. */
export const newConnectSessionId = (): ConnectSessionId => `cs_${base32(randomBytes(20))}`

/** Makes a random value of `bytes` × 8 bits, base64url (RFC 4648 §5), for state, codes and cookies. */
export const newSecretValue = (bytes = 32): string => randomBytes(bytes).toString('base64url')

/** Makes an identifier that says which attempt wrote something: 96 random bits, 16 characters. */
export const newAttemptId = (): string => randomBytes(12).toString('base64url')

/** Tells whether text has the form of a connection id. */
export const isConnectionId = (text: string): text is ConnectionId =>
  /^conn_[0-9a-hjkmnp-tv-z]{32}$/.test(text)

/** Tells whether text has the form of a connect session id. */
export const isConnectSessionId = (text: string): text is ConnectSessionId =>
  /^cs_[0-9a-hjkmnp-tv-z]{32}$/.test(text)

/** SHA-256 of a high-entropy value, base64url: what is stored instead of a one-time secret. */
export const sha256 = (value: string): string =>
  createHash('sha256').update(value).digest('base64url')

/** Compares two texts in time that does not depend on where they differ. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
