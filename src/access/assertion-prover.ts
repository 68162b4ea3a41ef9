import type { KeyObject } from 'node:crypto'
import type { Clock } from '../shared/time.ts'
import {
  namesAlgorithm,
  type PublicJwk,
  PublicJwkError,
  publicKeyOf,
  readPublicJwk,
} from '../signing/public-jwk.ts'
import {
  type AssertionClaims,
  type AssertionFault,
  judgeClaims,
  readClaims,
  readHeader,
  splitAssertion,
} from './assertion.ts'
import { createDecoys, isSignedWith } from './assertion-signature.ts'
import type { KnownKey } from './known-keys.ts'

/** An assertion that its portal has signed, for this service and for now. Nobody has looked at its `jti`. */
export interface ProvenAssertion {
  readonly key: KnownKey
  readonly claims: AssertionClaims
}

export interface RefusedAssertion {
  readonly reason: AssertionFault
  /** The key that it names, if there is one; that says nothing of who sent it. */
  readonly apiKeyId?: string
}

export interface AssertionProver {
  /** @param keys - The same list until something about a key has changed. */
  prove(text: string, keys: readonly KnownKey[]): Promise<ProvenAssertion | RefusedAssertion>
}

/** What a known key verifies with. */
interface Verifier {
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
}

/**
 * Creates the judge of assertions (RFC 7523 §3, RFC 8725).
 *
 * Whatever says nothing about keys is looked at first, and costs no signature. From there on every
 * assertion takes exactly one check of a signature, whether its key, its algorithm and its portal are
 * right or not, so that time does not tell which key ids there are.
 *
 * @param deps.audience - The only `aud` that is this service.
 */
export function createAssertionProver(deps: {
  readonly audience: string
  readonly clock: Clock
}): AssertionProver {
  const { audience, clock } = deps
  const decoyFor = createDecoys()
  const verifiers = new WeakMap<KnownKey, Verifier | null>()
  let learnt: readonly KnownKey[] = []
  let byId: ReadonlyMap<string, KnownKey> = new Map()

  function find(kid: string, keys: readonly KnownKey[]): KnownKey | undefined {
    if (keys !== learnt) {
      byId = new Map(keys.map((key) => [key.id, key]))
      learnt = keys
    }
    return byId.get(kid)
  }

  /** Made when a key is first used: all of them after every change would take too long. */
  function verifierOf(key: KnownKey | undefined): Verifier | null {
    if (key === undefined) return null
    const known = verifiers.get(key)
    if (known !== undefined) return known
    const made = makeVerifier(key)
    verifiers.set(key, made)
    return made
  }

  return {
    async prove(text, keys) {
      const parts = splitAssertion(text)
      if (parts === null) return { reason: 'assertion_malformed' }
      const header = readHeader(parts.header)
      if (typeof header === 'string') return { reason: header }
      const claims = readClaims(parts.payload)
      if (typeof claims === 'string') return { reason: claims }
      const fault = judgeClaims(claims, { audience, now: clock() })
      if (fault !== null) return { reason: fault }

      const { alg, kid } = header
      const key = find(kid, keys)
      const verifier = verifierOf(key)
      const fits = verifier !== null && namesAlgorithm(verifier.jwk, alg)
      const isSigned = await isSignedWith(text, fits ? verifier.publicKey : decoyFor(alg), alg)
      if (key === undefined || verifier === null) return { reason: 'assertion_key' }
      const refused = (reason: AssertionFault) => ({ reason, apiKeyId: key.id })
      if (!fits) return refused('assertion_algorithm')
      if (claims.iss !== key.portal.id || claims.sub !== key.portal.id)
        return refused('assertion_issuer')
      return isSigned ? { key, claims } : refused('assertion_signature')
    },
  }
}

/** Null for an API key, and for a public key of a sort that only a later version knows. */
function makeVerifier({ publicKey }: KnownKey): Verifier | null {
  if (publicKey === undefined) return null
  try {
    const jwk = readPublicJwk(publicKey)
    return { jwk, publicKey: publicKeyOf(jwk) }
  } catch (error) {
    if (error instanceof PublicJwkError) return null
    throw error
  }
}
