import { timingSafeEqual } from 'node:crypto'
import type { Portal, PortalApiKey, Scope } from '../config/config.ts'
import { hashApiKey, parseApiKey } from './api-key.ts'

/** Who calls: a portal, by one of its API keys. */
export interface Principal {
  readonly portal: Portal
  readonly apiKeyId: string
  readonly scopes: ReadonlySet<Scope>
}

export interface Authenticator {
  /** The principal of an `Authorization` header, or null. */
  identify(authorization: string | undefined): Principal | null
}

interface Known {
  readonly principal: Principal
  readonly hash: Buffer
}

/**
 * Creates the authenticator of `/v1` (`Authorization: Bearer kg_…`, RFC 6750 §2.1).
 *
 * An unknown key id costs what a known one costs: one HMAC and one comparison of equal length.
 */
export function createAuthenticator(
  portals: readonly Portal[],
  pepper: Parameters<typeof hashApiKey>[0],
): Authenticator {
  const known = new Map<string, Known>()
  for (const portal of portals)
    for (const key of portal.apiKeys) known.set(key.id, remember(portal, key))
  const nobody = Buffer.alloc(32)

  function identify(authorization: string | undefined): Principal | null {
    if (authorization === undefined || !authorization.startsWith('Bearer ')) return null
    const apiKey = authorization.slice('Bearer '.length)
    const parsed = parseApiKey(apiKey)
    if (parsed === null) return null
    const found = known.get(parsed.id)
    const hash = Buffer.from(hashApiKey(pepper, apiKey), 'base64url')
    const same = timingSafeEqual(hash, found?.hash ?? nobody)
    return found !== undefined && same ? found.principal : null
  }

  return { identify }
}

function remember(portal: Portal, { id, hash, scopes }: PortalApiKey): Known {
  const digest = Buffer.from(hash, 'base64url')
  if (digest.length !== 32) throw new RangeError('an API key hash must be 32 bytes of base64url')
  return { principal: { portal, apiKeyId: id, scopes: new Set(scopes) }, hash: digest }
}
