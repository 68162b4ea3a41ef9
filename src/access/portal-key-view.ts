import type { Portal } from '../config/config.ts'
import type { EpochMs } from '../shared/time.ts'
import type { StoredKey } from './credential-record.ts'
import { expiryOf, type FoundKey } from './credential-transitions.ts'

/** What an operator sees of a key: everything but the key. */
export interface PortalKey extends Partial<Omit<StoredKey, 'id' | 'portalId' | 'hash' | 'scopes'>> {
  readonly id: string
  readonly portalId: string
  readonly scopes: readonly string[]
  /** Where it was made. */
  readonly source: FoundKey['source']
  readonly hasExpired: boolean
  /** To within five minutes; absent when it was never used, or not for a long time. */
  readonly lastUsedAt?: EpochMs
}

/** A key as it stands. */
export function viewKey(
  portal: Portal,
  found: FoundKey,
  now: EpochMs,
  uses: ReadonlyMap<string, EpochMs>,
): PortalKey {
  const { hash: _, ...shown } = found.key
  const expiresAt = expiryOf(found)
  const lastUsedAt = uses.get(found.key.id)
  return {
    ...shown,
    portalId: portal.id,
    source: found.source,
    hasExpired: expiresAt <= now,
    ...(Number.isFinite(expiresAt) ? { expiresAt } : {}),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
  }
}
