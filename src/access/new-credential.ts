import type { KeyObject } from 'node:crypto'
import { createApiKey, newKeyId } from '../portal/api-key.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Secret } from '../shared/secret.ts'
import { type PublicJwk, thumbprintOf } from '../signing/public-jwk.ts'
import type { FoundKey } from './credential-transitions.ts'
import { voucherOf } from './voucher.ts'

/** What names a new key, and what it is known again by. */
export interface NewCredential {
  /** Absent when the portal has made the key itself, and only its public half was given. */
  readonly apiKey?: Secret
  readonly entry: {
    readonly id: string
    readonly hash: string
    readonly publicKey?: PublicJwk
  }
}

/** Makes an API key for a portal; or, out of a public key, the entry that makes it known. */
export function newCredential(
  pepper: KeyObject,
  portalId: string,
  publicKey: PublicJwk | undefined,
): NewCredential {
  if (publicKey !== undefined) {
    const entry = { id: newKeyId(), publicKey }
    return { entry: { ...entry, hash: voucherOf(pepper, { portalId, ...entry }) } }
  }
  const { apiKey, entry } = createApiKey(pepper, { scopes: [] })
  return { apiKey, entry: { id: entry.id, hash: entry.hash } }
}

/**
 * What replaces a key that signs assertions is another public key: an API key would be a weaker one, and
 * the same key would replace nothing.
 *
 * @throws ServiceError `invalid_request`
 */
export function assertReplaces({ key }: FoundKey, { entry }: NewCredential): void {
  const { publicKey: old } = key
  if (old === undefined) return
  const { publicKey } = entry
  if (publicKey !== undefined && thumbprintOf(publicKey) !== thumbprintOf(old)) return
  const rule =
    publicKey === undefined
      ? 'must be there: the key that is replaced signs assertions'
      : 'must be another key than the one that is replaced'
  const field = '/public_key'
  throw new ServiceError('invalid_request', {
    detail: `${field} ${rule}`,
    errors: [{ field, rule }],
  })
}
