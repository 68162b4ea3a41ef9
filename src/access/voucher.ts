import type { KeyObject } from 'node:crypto'
import { hashApiKey } from '../portal/api-key.ts'
import { sameSecret } from '../shared/ids.ts'
import { thumbprintOf } from '../signing/public-jwk.ts'
import type { StoredKey } from './credential-record.ts'

type Vouched = Required<Pick<StoredKey, 'id' | 'portalId' | 'publicKey'>>

/**
 * What stands by a stored public key where an API key has its hash: an HMAC under the pepper over whose
 * key it is. Who can write to the store and does not have the pepper can make no key of either sort, nor
 * give a public key to another portal.
 *
 * No API key begins with the word that this begins with, so neither is ever the other.
 */
export const voucherOf = (pepper: KeyObject, { portalId, id, publicKey }: Vouched): string =>
  hashApiKey(pepper, `assertion ${portalId} ${id} ${publicKey.alg} ${thumbprintOf(publicKey)}`)

/** Whether a key was put into the store by who has the pepper. Of an API key, only its use will tell. */
export function isVouchedFor(pepper: KeyObject, key: StoredKey): boolean {
  const { portalId, id, publicKey, hash } = key
  return publicKey === undefined || sameSecret(hash, voucherOf(pepper, { portalId, id, publicKey }))
}
