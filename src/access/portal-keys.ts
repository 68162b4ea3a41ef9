import type { KeyObject } from 'node:crypto'
import type { Audit } from '../audit/audit.ts'
import type { Portal } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { PublicJwk } from '../signing/public-jwk.ts'
import type { WatchedDocument } from '../vault/watched-document.ts'
import type { CredentialBook } from './credential-record.ts'
import {
  addKey,
  endKey,
  expiryOf,
  type FoundKey,
  findKey,
  keysOf,
  revokeKey,
} from './credential-transitions.ts'
import type { KeyUses } from './key-uses.ts'
import { assertPrograms, type KeyWish, successorOf, wishedKey } from './key-wish.ts'
import { assertReplaces, type NewCredential, newCredential } from './new-credential.ts'
import { type PortalKey, viewKey } from './portal-key-view.ts'

/** A key that was just made: the only time that it is known. */
export interface MadeKey {
  /** Absent when the portal has made it itself. */
  readonly apiKey?: Secret
  readonly key: PortalKey
}

/** A key that exists, and the role of who changes it. */
export interface KeyChange {
  readonly portalId: string
  readonly keyId: string
  readonly by: string
}

/**
 * What operators do with the keys of portals, those of the configuration included. Changes are
 * durable and act in all processes within a second.
 *
 * Everything throws ServiceError `not_found` for a portal or a key that is not there, and `store_*`; what
 * makes a key also `audit_unavailable`. What takes rights away never waits for the trail.
 */
export interface PortalKeys {
  list(portalId: string): Promise<readonly PortalKey[]>
  /** @throws ServiceError also `invalid_request`: too many keys, or a program the portal does not have */
  create(portalId: string, wish: KeyWish, by: string): Promise<MadeKey>
  /**
   * Makes a key with the same rights, and ends the old one after `overlapMs`.
   *
   * @param publicKey - Signs assertions from then on; required where the old one does.
   * @throws ServiceError also `invalid_request` for a key that has ended, or when there are too many
   */
  rotate(change: KeyChange, overlapMs: number, publicKey?: PublicJwk): Promise<MadeKey>
  /** Ends a key after a time; an end that is nearer stands. */
  expire(change: KeyChange, afterMs: number): Promise<PortalKey>
  /** Ends a key at once and for good. */
  revoke(change: KeyChange): Promise<void>
}

export interface PortalKeysDeps {
  readonly portals: readonly Portal[]
  readonly pepper: KeyObject
  readonly book: Pick<WatchedDocument<CredentialBook>, 'current' | 'freshen' | 'change'>
  readonly uses: Pick<KeyUses, 'read'>
  readonly audit: Pick<Audit, 'note' | 'assertWritable'>
  readonly clock: Clock
  readonly log: Log
}

/** Of a key that was just made; nothing that can fail comes between it and who asked for it. */
const NEVER_USED: ReadonlyMap<string, EpochMs> = new Map()

/** Creates the operator's use cases over the book of credentials. */
export function createPortalKeys(deps: PortalKeysDeps): PortalKeys {
  const { portals, pepper, book, uses, audit, clock, log } = deps

  function portalOf(portalId: string): Portal {
    const portal = portals.find(({ id }) => id === portalId)
    if (portal === undefined) throw new ServiceError('not_found')
    return portal
  }

  /** Applies a change to one key, as it is stored in that moment. */
  const changeKey = (
    portal: Portal,
    keyId: string,
    change: (current: CredentialBook, found: FoundKey, now: EpochMs) => CredentialBook | null,
  ): Promise<CredentialBook> =>
    book.change((current, now) => change(current, findKey(current, portal, keyId), now))

  const view = (
    stored: CredentialBook,
    portal: Portal,
    keyId: string,
    used: ReadonlyMap<string, EpochMs> = NEVER_USED,
  ): PortalKey => viewKey(portal, findKey(stored, portal, keyId), clock(), used)

  const told = ({ portalId, keyId, by }: KeyChange) => ({ portalId, apiKeyId: keyId, role: by })
  const audited = ({ portalId, keyId }: Omit<KeyChange, 'by'>) => ({ portalId, subject: keyId })

  return {
    async list(portalId) {
      const portal = portalOf(portalId)
      if (!(await book.freshen(0)))
        throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
      const used = await uses.read()
      return keysOf(book.current(), portal).map((found) => viewKey(portal, found, clock(), used))
    },

    async create(portalId, wish, by) {
      const portal = portalOf(portalId)
      assertPrograms(portal, wish)
      audit.assertWritable()
      const made = newCredential(pepper, portalId, wish.publicKey)
      const { entry } = made
      const stored = await book.change((current, now) =>
        addKey(current, { ...wishedKey(wish, now), ...entry, portalId, createdBy: by }, now),
      )
      log.info('portal_key_created', told({ portalId, keyId: entry.id, by }))
      audit.note({ event: 'api_key_created', ...audited({ portalId, keyId: entry.id }) })
      return madeKey(made, view(stored, portal, entry.id))
    },

    async rotate(change, overlapMs, publicKey) {
      const { portalId, keyId, by } = change
      const portal = portalOf(portalId)
      audit.assertWritable()
      const credential = newCredential(pepper, portalId, publicKey)
      const { id } = credential.entry
      const stored = await changeKey(portal, keyId, (current, found, now) => {
        if (expiryOf(found) <= now)
          throw new ServiceError('invalid_request', { detail: 'the key has ended; create another' })
        assertReplaces(found, credential)
        const rights = successorOf(found, now)
        const next = addKey(
          current,
          { ...rights, ...credential.entry, portalId, createdBy: by },
          now,
        )
        return endKey(next, portal, found, now + overlapMs) ?? next
      })
      log.info('portal_key_rotated', told(change))
      audit.note({
        event: 'api_key_created',
        ...audited({ portalId, keyId: id }),
        reason: 'rotated',
      })
      audit.note({ event: 'api_key_changed', ...audited(change), reason: 'rotated' })
      return madeKey(credential, view(stored, portal, id))
    },

    async expire(change, afterMs) {
      const portal = portalOf(change.portalId)
      const stored = await changeKey(portal, change.keyId, (current, found, now) =>
        endKey(current, portal, found, now + afterMs),
      )
      log.info('portal_key_expired', told(change))
      audit.note({ event: 'api_key_changed', ...audited(change), reason: 'expired' })
      return view(stored, portal, change.keyId, await uses.read())
    },

    async revoke(change) {
      const portal = portalOf(change.portalId)
      await changeKey(portal, change.keyId, (current, found, now) =>
        revokeKey(current, portal, found, now),
      )
      log.info('portal_key_revoked', told(change))
      audit.note({ event: 'api_key_revoked', ...audited(change) })
    },
  }
}

const madeKey = ({ apiKey }: NewCredential, key: PortalKey): MadeKey => ({
  ...(apiKey === undefined ? {} : { apiKey }),
  key,
})
