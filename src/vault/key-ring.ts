import type { KeyObject } from 'node:crypto'
import { ServiceError } from '../shared/errors.ts'
import type { Secret } from '../shared/secret.ts'
import { derivePurposeKey } from './derive-keys.ts'
import type { KeyRing } from './envelope.ts'
import { openBytes, sealBytes } from './seal.ts'

const KEY_BYTES = 32
const VERSION = 'v1'

/** A name that can stand between the dots of a wrapped key. */
const KID = /^[A-Za-z0-9_-]{1,64}$/

/** One entry of `VAULT_KEYS`: 32 bytes in base64, and the name that wrapped keys carry. */
export interface RingKey {
  readonly kid: string
  readonly key: Secret
}

const unreadable = (): ServiceError => new ServiceError('record_unreadable')

/** `context` is the document's id; `kid` is bound too, so that a key cannot be passed off as another. */
const partsOf = (kid: string, context: string) => ['knoxgate/v1', 'data-key', kid, context] as const

function wrappingKey({ kid, key }: RingKey): KeyObject {
  if (!KID.test(kid))
    throw new RangeError('a kid must be 1 to 64 of the characters A-Z a-z 0-9 _ -')
  const root = Buffer.from(key.reveal(), 'base64')
  if (root.length !== KEY_BYTES) throw new RangeError('a vault key must be 32 bytes in base64')
  const wrapping = derivePurposeKey(root, 'vault-wrap')
  root.fill(0)
  return wrapping
}

/**
 * Key-encryption keys held in this process: the first one wraps, all of them unwrap.
 *
 * @throws RangeError for no key, a kid given twice or out of rule, or a key that is not 32 bytes.
 */
export function createKeyRing(keys: readonly RingKey[]): KeyRing {
  const ring = new Map(keys.map((entry) => [entry.kid, wrappingKey(entry)]))
  const [active] = ring
  if (active === undefined) throw new RangeError('a key ring must hold a key')
  if (ring.size !== keys.length) throw new RangeError('a kid must not be given twice')
  const [activeKid, activeKey] = active

  return {
    activeKid,
    kids: () => [...ring.keys()],

    async wrap(dataKey, context) {
      const sealed = sealBytes(activeKey, partsOf(activeKid, context), dataKey)
      return `${VERSION}.${activeKid}.${sealed}`
    },

    async unwrap(wrapped, context) {
      const [version, kid, iv, sealed, ...rest] = wrapped.split('.')
      if (version !== VERSION || kid === undefined || rest.length > 0) throw unreadable()
      const key = ring.get(kid)
      if (key === undefined || iv === undefined || sealed === undefined) throw unreadable()
      return openBytes(key, partsOf(kid, context), iv, sealed)
    },
  }
}
