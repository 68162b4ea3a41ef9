import { hash, timingSafeEqual } from 'node:crypto'
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
  /** SHA-256 of the text that was last proven to be this key. */
  proven: Buffer
}

/** Equal to no digest: what is compared with where there is nothing to compare with. */
const NOBODY = Buffer.alloc(32)

/** RFC 9110 §11.1 and §11.4: the scheme in any letters, then one space or more. */
const BEARER = /^Bearer +/i

/**
 * Creates the authenticator of `/v1` (`Authorization: Bearer kg_…`, RFC 6750 §2.1).
 *
 * A key that was proven once is known again by its plain SHA-256, at a third of what the HMAC costs
 * (docs/decisions/0004-hot-path.md). The digest stays in this process, where the pepper is, too; of
 * 256 random bits it gives nothing away. Any other text takes both ways, whether its key id is
 * known or not: two digests and two comparisons of equal length.
 */
export function createAuthenticator(
  portals: readonly Portal[],
  pepper: Parameters<typeof hashApiKey>[0],
): Authenticator {
  const known = new Map<string, Known>()
  for (const portal of portals)
    for (const key of portal.apiKeys) known.set(key.id, remember(portal, key))

  function identify(authorization: string | undefined): Principal | null {
    const scheme = BEARER.exec(authorization ?? '')?.[0]
    if (authorization === undefined || scheme === undefined) return null
    const apiKey = authorization.slice(scheme.length)
    const parsed = parseApiKey(apiKey)
    if (parsed === null) return null
    const found = known.get(parsed.id)
    const digest = plainDigest(apiKey)
    if (timingSafeEqual(digest, found?.proven ?? NOBODY) && found !== undefined)
      return found.principal
    const keyed = Buffer.from(hashApiKey(pepper, apiKey), 'base64url')
    const same = timingSafeEqual(keyed, found?.hash ?? NOBODY)
    if (found === undefined || !same) return null
    found.proven = digest
    return found.principal
  }

  return { identify }
}

/** As text first: asking for bytes makes an `ArrayBuffer`, and takes twice as long. */
const plainDigest = (text: string): Buffer => Buffer.from(hash('sha256', text, 'hex'), 'hex')

function remember(portal: Portal, { id, hash: keyed, scopes }: PortalApiKey): Known {
  const digest = Buffer.from(keyed, 'base64url')
  if (digest.length !== 32) throw new RangeError('an API key hash must be 32 bytes of base64url')
  return {
    principal: { portal, apiKeyId: id, scopes: new Set(scopes) },
    hash: digest,
    proven: NOBODY,
  }
}
