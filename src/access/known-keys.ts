import type { Portal, Scope } from '../config/config.ts'
import { isScope } from '../config/scopes.ts'
import type { EpochMs } from '../shared/time.ts'
import { configuredKeysOf, firstOf } from './configured-keys.ts'
import {
  type CredentialBook,
  endOf,
  type ProxyLimits,
  type StoredKey,
} from './credential-record.ts'

/** A key by which a portal is known, wherever it was made. */
export interface KnownKey {
  readonly portal: Portal
  readonly id: string
  /** Of an API key, its HMAC-SHA-256 under the pepper, base64url. Of a public key nothing is compared with it. */
  readonly hash: string
  /** Signs assertions instead of being sent: a public key as `readPublicJwk` takes it. */
  readonly publicKey?: object
  readonly scopes: readonly Scope[]
  /** From then on it opens nothing. */
  readonly expiresAt?: EpochMs
  /** The only programs it opens; all of the portal's when absent. */
  readonly programs?: readonly string[]
  /** The networks it may come from; all when absent. */
  readonly cidrs?: readonly string[]
  /** What of the proxy it opens; everything when absent. */
  readonly proxy?: ProxyLimits
}

/** The keys that open `/v1` now. */
export interface KeySource {
  /** The same list until something about a key has changed. */
  known(): readonly KnownKey[]
  /** Whether that is less than a second old. */
  isFresh(): boolean
  /** Makes it so, if the store answers. Never throws for a store that does not. */
  freshen(): Promise<void>
  /** A key was used; told at most once in five minutes for each. */
  noteUse(apiKeyId: string): void
}

/**
 * Brings the keys of the configuration and those of the store together. Where both have an id, that of the
 * configuration counts; keys of portals that are not configured open nothing.
 *
 * @param isGenuine - Whether a key of the store may be believed.
 */
export function knownKeys(
  portals: readonly Portal[],
  book: CredentialBook,
  isGenuine: (key: StoredKey) => boolean,
): readonly KnownKey[] {
  const configured = portals.flatMap((portal) =>
    configuredKeysOf(portal).flatMap((key) => {
      const end = endOf(book, key)
      if (end?.revokedAt !== undefined) return []
      const expiresAt = firstOf(key.expiresAt, end?.expiresAt)
      return [{ portal, ...key, ...(expiresAt === undefined ? {} : { expiresAt }) }]
    }),
  )
  const byId = new Map(portals.map((portal) => [portal.id, portal]))
  const taken = new Set(portals.flatMap(configuredKeysOf).map(({ id }) => id))
  const stored = book.keys.flatMap((key) => {
    const portal = byId.get(key.portalId)
    const isOpen = portal !== undefined && !taken.has(key.id) && isGenuine(key)
    return isOpen ? [{ portal, ...limitsOf(key) }] : []
  })
  return [...configured, ...stored]
}

function limitsOf(key: StoredKey) {
  const { id, hash, publicKey, scopes, expiresAt, programs, cidrs, proxy } = key
  return {
    id,
    hash,
    ...(publicKey === undefined ? {} : { publicKey }),
    // A scope of a newer version opens nothing here.
    scopes: scopes.filter(isScope),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(programs === undefined ? {} : { programs }),
    ...(cidrs === undefined ? {} : { cidrs }),
    ...(proxy === undefined ? {} : { proxy }),
  }
}
