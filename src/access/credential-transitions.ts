import type { Portal } from '../config/config.ts'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import { type ConfiguredKey, configuredKeysOf, firstOf } from './configured-keys.ts'
import { type CredentialBook, type EndedKey, endOf, type StoredKey } from './credential-record.ts'

/** Every process holds all of them and reads them all when one changes: about 400 bytes each. */
export const MAX_KEYS = 2000
/** One portal must not use up everybody's. */
export const MAX_KEYS_PER_PORTAL = 100
/** A key that has expired is still listed this long. */
const EXPIRED_LISTED_MS = 30 * 86_400_000

const tooMany = (most: number, whose: string): ServiceError =>
  new ServiceError('invalid_request', { detail: `${whose} can have at most ${most} keys` })

/** Adds a key. @throws ServiceError `invalid_request` when there are too many */
export function addKey(book: CredentialBook, key: StoredKey, now: EpochMs): CredentialBook {
  const keys = book.keys.filter(({ expiresAt = now }) => now - expiresAt < EXPIRED_LISTED_MS)
  const ofPortal = keys.filter(({ portalId }) => portalId === key.portalId)
  if (ofPortal.length >= MAX_KEYS_PER_PORTAL) throw tooMany(MAX_KEYS_PER_PORTAL, 'a portal')
  if (keys.length + book.configured.length >= MAX_KEYS)
    throw tooMany(MAX_KEYS, 'all portals together')
  return { ...book, keys: [...keys, key] }
}

/** A key, wherever it was made; one of the configuration with the end that it was given. */
export type FoundKey =
  | { readonly source: 'store'; readonly key: StoredKey }
  | { readonly source: 'configuration'; readonly key: ConfiguredKey; readonly end?: EndedKey }

/** The keys of one portal that have not been revoked, those of the configuration first. */
export function keysOf(book: CredentialBook, portal: Portal): readonly FoundKey[] {
  const configured = configuredKeysOf(portal).flatMap((key): readonly FoundKey[] => {
    const end = endOf(book, key)
    return end?.revokedAt === undefined
      ? [{ source: 'configuration', key, ...(end && { end }) }]
      : []
  })
  const stored = book.keys.filter(({ portalId }) => portalId === portal.id)
  return [...configured, ...stored.map((key) => ({ source: 'store', key }) as const)]
}

/** @throws ServiceError `not_found` */
export function findKey(book: CredentialBook, portal: Portal, keyId: string): FoundKey {
  const found = keysOf(book, portal).find(({ key }) => key.id === keyId)
  if (found === undefined) throw new ServiceError('not_found')
  return found
}

/** When a key ends, as far as that is known. */
export const expiryOf = (found: FoundKey): EpochMs =>
  firstOf(found.key.expiresAt, found.source === 'store' ? undefined : found.end?.expiresAt) ??
  Number.POSITIVE_INFINITY

/** Ends a key at a time; an end can only come nearer. Null when it ends by then already. */
export function endKey(
  book: CredentialBook,
  portal: Portal,
  found: FoundKey,
  at: EpochMs,
): CredentialBook | null {
  if (expiryOf(found) <= at) return null
  if (found.source === 'configuration')
    return withEnd(book, { ...idsOf(portal, found.key), expiresAt: at })
  const { id } = found.key
  const keys = book.keys.map((one) => (one.id === id ? { ...one, expiresAt: at } : one))
  return { ...book, keys }
}

/** Ends a key for good: one of the store is taken away, one of the configuration is marked. */
export function revokeKey(
  book: CredentialBook,
  portal: Portal,
  found: FoundKey,
  now: EpochMs,
): CredentialBook {
  if (found.source === 'configuration')
    return withEnd(book, { ...idsOf(portal, found.key), ...found.end, revokedAt: now })
  const { id } = found.key
  return { ...book, keys: book.keys.filter((one) => one.id !== id) }
}

const idsOf = ({ id: portalId }: Portal, { id, hash }: ConfiguredKey) => ({ id, hash, portalId })

const withEnd = (book: CredentialBook, end: EndedKey): CredentialBook => ({
  ...book,
  // Not limited in number: a stolen key must be stopped however many others there are.
  configured: [...book.configured.filter((one) => one.id !== end.id || one.hash !== end.hash), end],
})
