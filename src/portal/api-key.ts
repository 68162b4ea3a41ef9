import { createHmac, createSecretKey, KeyObject, randomBytes } from 'node:crypto'
import type { PortalApiKey, Scope } from '../config/config.ts'
import { newSecretValue } from '../shared/ids.ts'
import { Secret } from '../shared/secret.ts'

/** RFC 4648 §6 in lower case: 32 characters, none mistaken for another. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const API_KEY = /^kg_([a-z0-9][a-z0-9-]{0,62})_[A-Za-z0-9_-]{43}$/

/** A new API key and the entry that makes it known. */
export interface CreatedApiKey {
  /** `kg_<id>_<256 random bits, base64url>`; not kept anywhere. */
  readonly apiKey: Secret
  readonly entry: PortalApiKey
}

/** Makes an API key; without an id, one of 50 random bits. */
export function createApiKey(
  pepper: Secret | KeyObject,
  options: { readonly scopes: readonly Scope[]; readonly id?: string },
): CreatedApiKey {
  const id = options.id ?? newKeyId()
  const apiKey = `kg_${id}_${newSecretValue()}`
  return {
    apiKey: new Secret(apiKey),
    entry: { id, hash: hashApiKey(pepper, apiKey), scopes: options.scopes },
  }
}

/** Makes the HMAC key out of the pepper: the UTF-8 bytes of the configured text. Make it once. */
export const pepperKey = (pepper: Secret): KeyObject =>
  createSecretKey(Buffer.from(pepper.reveal(), 'utf8'))

/**
 * Hashes a whole API key, `kg_` included: HMAC-SHA-256 under the pepper, base64url.
 *
 * A key of 256 random bits needs no slow hash. Pass a `KeyObject` where it matters: an HMAC with a raw
 * key costs several times as much.
 */
export function hashApiKey(pepper: Secret | KeyObject, apiKey: string): string {
  const key = pepper instanceof KeyObject ? pepper : pepperKey(pepper)
  return createHmac('sha256', key).update(apiKey).digest('base64url')
}

/** Reads the id out of an API key; `null` when the text does not have the form of one. */
export function parseApiKey(text: string): { readonly id: string } | null {
  const id = API_KEY.exec(text)?.[1]
  return id === undefined ? null : { id }
}

/** Makes the id of a key, of either sort: 50 random bits. */
export const newKeyId = (): string =>
  Array.from(randomBytes(10), (byte) => BASE32.charAt(byte & 31)).join('')
