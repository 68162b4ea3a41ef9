import type { KnownKey } from '../access/known-keys.ts'
import { createCidrList, type IsWithin } from '../shared/ip.ts'
import type { EpochMs } from '../shared/time.ts'
import type { Principal } from './authenticate.ts'

/** What a key opens once it is proven, and until when and from where. */
export interface Entitlement {
  readonly principal: Principal
  readonly expiresAt: EpochMs
  /** Null: from anywhere. */
  readonly isWithin: IsWithin | null
}

/** Why a key that is right opens nothing. */
export type EntitlementFault = 'expired' | 'address'

/** Reads what a key entitles to. Made once for each: networks are expensive to read. */
export const entitlementOf = (key: KnownKey): Entitlement => ({
  principal: principalOf(key),
  expiresAt: key.expiresAt ?? Number.POSITIVE_INFINITY,
  isWithin: key.cidrs === undefined ? null : createCidrList(key.cidrs),
})

/** @param addressOf - Asked only where it matters. */
export function faultOf(
  { expiresAt, isWithin }: Entitlement,
  now: EpochMs,
  addressOf: () => string | null,
): EntitlementFault | null {
  if (now >= expiresAt) return 'expired'
  if (isWithin === null) return null
  const address = addressOf()
  return address !== null && isWithin(address) ? null : 'address'
}

function principalOf({ portal, id: apiKeyId, scopes, programs, proxy }: KnownKey): Principal {
  const rights = {
    apiKeyId,
    scopes: new Set(scopes),
    ...(proxy === undefined ? {} : { proxy }),
  }
  if (programs === undefined) return { ...rights, portal }
  const opened = portal.programs.filter((program) => programs.includes(program))
  return { ...rights, portal: { ...portal, programs: opened }, programs: new Set(programs) }
}
