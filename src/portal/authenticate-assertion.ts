import type { AssertionFault } from '../access/assertion.ts'
import type { AssertionIds } from '../access/assertion-ids.ts'
import type { AssertionProver } from '../access/assertion-prover.ts'
import type { KeySource, KnownKey } from '../access/known-keys.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { type Caller, credentialIn, type Principal, TELL_EVERY_MS } from './authenticate.ts'
import { type Entitlement, type EntitlementFault, entitlementOf, faultOf } from './entitlement.ts'

/** Why an assertion opens nothing, and the key that it names, if that is one. */
export interface AssertionRefusal {
  readonly apiKeyId?: string
  readonly reason: AssertionFault | EntitlementFault
}

/**
 * Who calls by an assertion; null when the request brings none.
 *
 * An assertion that is taken is used up, whatever becomes of the request.
 *
 * @throws ServiceError `store_unavailable`: nobody is let in whose assertion may have been used before
 */
export type AuthenticateAssertion = (caller: Caller) => Promise<Principal | AssertionRefusal | null>

export interface AuthenticateAssertionDeps {
  readonly keys: KeySource
  readonly prover: AssertionProver
  readonly ids: AssertionIds
  readonly addressOf: (caller: Caller) => string | null
  readonly clock: Clock
}

interface Known {
  readonly entitlement: Entitlement
  /** When a use was last told. */
  usedAt: EpochMs
}

/**
 * Creates the stronger way into `/v1`: `Authorization: Bearer <JWT>` that the portal has signed for this
 * one call (RFC 7523 §3; docs/decisions/0023-assertions.md). What it says and who signed it comes first,
 * what its key may do next, and its `jti` last: only who holds the key can make an id taken.
 */
export function createAuthenticateAssertion(
  deps: AuthenticateAssertionDeps,
): AuthenticateAssertion {
  const { keys, prover, ids, addressOf, clock } = deps
  const known = new WeakMap<KnownKey, Known>()

  function knownOf(key: KnownKey): Known {
    const found = known.get(key) ?? {
      entitlement: entitlementOf(key),
      usedAt: Number.NEGATIVE_INFINITY,
    }
    known.set(key, found)
    return found
  }

  function tellUse(key: KnownKey, found: Known): void {
    const now = clock()
    if (now - found.usedAt < TELL_EVERY_MS) return
    found.usedAt = now
    keys.noteUse(key.id)
  }

  return async (caller) => {
    const text = credentialIn(caller)
    // An API key has no dot in it, a JWT has two.
    if (!text?.includes('.')) return null
    const proof = await prover.prove(text, keys.known())
    if ('reason' in proof) return proof
    const { key, claims } = proof
    const found = knownOf(key)
    const apiKeyId = key.id
    const fault = faultOf(found.entitlement, clock(), () => addressOf(caller))
    if (fault !== null) return { apiKeyId, reason: fault }
    const used = { portalId: key.portal.id, jti: claims.jti, expiresAt: claims.exp * 1000 }
    if (!(await ids.take(used))) return { apiKeyId, reason: 'assertion_replayed' }
    tellUse(key, found)
    return found.entitlement.principal
  }
}
