import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'

const time = z.number().int().nonnegative()
const names = z.array(z.string()).readonly()

/** What the proxy will permit; absent parts permit everything. */
const proxyLimits = z.object({
  products: names.exactOptional(),
  methods: names.exactOptional(),
  pathPrefixes: names.exactOptional(),
})

const storedKey = z.object({
  id: z.string(),
  portalId: z.string(),
  /**
   * HMAC-SHA-256 of the key under the pepper, base64url: the key itself is kept nowhere. Of a public key
   * what vouches for it, which is as long and the HMAC of nothing that anybody could send.
   */
  hash: z.string().length(43),
  /** Of a key that signs assertions: a public key, also of a sort that only a later version knows. */
  publicKey: z.record(z.string(), z.string()).readonly().exactOptional(),
  /** Also those of versions to come, which this one does not know. */
  scopes: names,
  name: z.string().exactOptional(),
  programs: names.exactOptional(),
  cidrs: names.exactOptional(),
  proxy: proxyLimits.exactOptional(),
  createdAt: time,
  /** The role of the admin credential that made it. */
  createdBy: z.string(),
  expiresAt: time.exactOptional(),
  /** How long it was to live; what replaces it lives as long. */
  lifetimeMs: time.exactOptional(),
  /** The key that it replaced. */
  replaces: z.string().exactOptional(),
})

/** A key of the configuration that was given an end here. */
const endedKey = z.object({
  id: z.string(),
  portalId: z.string(),
  hash: z.string(),
  expiresAt: time.exactOptional(),
  revokedAt: time.exactOptional(),
})

const credentialBook = z.object({
  format: z.literal(1),
  type: z.literal('credentials'),
  id: z.literal('credentials'),
  sequence: z.number().int().nonnegative(),
  keys: z.array(storedKey).readonly(),
  configured: z.array(endedKey).readonly(),
})

export type ProxyLimits = Readonly<z.infer<typeof proxyLimits>>
export type StoredKey = Readonly<z.infer<typeof storedKey>>
export type EndedKey = Readonly<z.infer<typeof endedKey>>

/** All portal keys that are not in the configuration, as they are stored: one document, held in memory. */
export type CredentialBook = Readonly<z.infer<typeof credentialBook>>

export const NO_CREDENTIALS: CredentialBook = {
  format: 1,
  type: 'credentials',
  id: 'credentials',
  sequence: 0,
  keys: [],
  configured: [],
}

/** Reads the stored document. @throws ServiceError `record_unreadable` */
export function parseCredentialBook(text: string): CredentialBook {
  try {
    return credentialBook.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

/** A key of the configuration is ended by its id and hash: a later one of the same id is another key. */
export const endOf = (
  { configured }: CredentialBook,
  key: { readonly id: string; readonly hash: string },
): EndedKey | undefined => configured.find(({ id, hash }) => id === key.id && hash === key.hash)
