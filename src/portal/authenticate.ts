import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ProxyLimits } from '../access/credential-record.ts'
import type { KeySource, KnownKey } from '../access/known-keys.ts'
import type { Portal, Scope } from '../config/config.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { hashApiKey, parseApiKey } from './api-key.ts'
import type { AuthenticateAssertion } from './authenticate-assertion.ts'
import { type Entitlement, type EntitlementFault, entitlementOf, faultOf } from './entitlement.ts'

/** Who calls: a portal, by one of its keys. */
export interface Principal {
  /** With the programs that the key opens, and no others. */
  readonly portal: Portal
  /** The key, be it an API key or one that signs assertions. */
  readonly apiKeyId: string
  readonly scopes: ReadonlySet<Scope>
  /** The only programs whose connections the key opens; all of the portal's when absent. */
  readonly programs?: ReadonlySet<string>
  /** What of the proxy the key opens; everything when absent. */
  readonly proxy?: ProxyLimits
}

/** What of a request tells where it comes from. */
export type Caller = Pick<IncomingMessage, 'socket' | 'headers'>

/** Why a key that is right opens nothing. */
export interface KeyRefusal {
  readonly apiKeyId: string
  readonly reason: EntitlementFault
}

export interface Authenticator {
  /** The principal of a request, by its `Authorization`, or null. */
  identify(caller: Caller): Principal | null
  /** The same for a key that this process has proven before; null for any other. Costs a digest and no HMAC. */
  recognize(caller: Caller): Principal | null
  /** Of a request that was not identified: who it is by an assertion, or why it is nobody; null without one. */
  readonly authenticateAssertion: AuthenticateAssertion
  /** Of a request that was not identified: what is wrong with a key that is proven. For the log only. */
  explain(caller: Caller): KeyRefusal | null
  /** Whether what is known of keys is less than a second old. */
  isFresh(): boolean
  /** Makes it so, if the store answers. */
  freshen(): Promise<void>
}

export interface AuthenticatorDeps {
  readonly keys: KeySource
  readonly pepper: Parameters<typeof hashApiKey>[0]
  readonly addressOf: (caller: Caller) => string | null
  /** Nobody is known by an assertion when it is absent. */
  readonly authenticateAssertion?: AuthenticateAssertion
  readonly clock: Clock
}

interface Known extends Entitlement {
  readonly hash: Buffer
  /** SHA-256 of the text that was last proven to be this key. */
  proven: Buffer
  /** When a use was last told. */
  usedAt: EpochMs
}

/** Equal to no digest: what is compared with where there is nothing to compare with. */
const NOBODY = Buffer.alloc(32)

/** RFC 9110 §11.1 and §11.4: the scheme in any letters, then one space or more. */
const BEARER = /^Bearer +/i

/** That a key is used is told this often. */
export const TELL_EVERY_MS = 5 * 60_000

/** What a request proves itself with: the text behind `Bearer`, or null. */
export function credentialIn({ headers }: Pick<Caller, 'headers'>): string | null {
  const { authorization = '' } = headers
  const scheme = BEARER.exec(authorization)?.[0]
  return scheme === undefined ? null : authorization.slice(scheme.length)
}

/**
 * Creates the authenticator of `/v1` (`Authorization: Bearer kg_…`, RFC 6750 §2.1).
 *
 * A key that was proven once is known again by its plain SHA-256, at a third of what the HMAC costs
 * (docs/decisions/0004-hot-path.md). The digest stays in this process, where the pepper is, too; of
 * 256 random bits it gives nothing away. Any other text takes both ways, whether its key id is
 * known or not: two digests and two comparisons of equal length. Only then it matters whether the key
 * has expired, or may come from there.
 *
 * @throws RangeError, also later, for a key whose hash is none
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { keys, pepper, addressOf, clock } = deps
  let learnt = keys.known()
  let known = learn(learnt, new Map())

  /** @param isNew - Whether a text may be proven that was not proven before. */
  function prove(caller: Caller, isNew: boolean): Known | null {
    const apiKey = credentialIn(caller)
    const parsed = apiKey === null ? null : parseApiKey(apiKey)
    if (apiKey === null || parsed === null) return null
    const now = keys.known()
    if (now !== learnt) {
      known = learn(now, known)
      learnt = now
    }
    const found = known.get(parsed.id)
    const digest = plainDigest(apiKey)
    if (timingSafeEqual(digest, found?.proven ?? NOBODY) && found !== undefined) return found
    if (!isNew) return null
    const keyed = Buffer.from(hashApiKey(pepper, apiKey), 'base64url')
    const same = timingSafeEqual(keyed, found?.hash ?? NOBODY)
    if (found === undefined || !same) return null
    found.proven = digest
    return found
  }

  const refusalOf = (found: Known, caller: Caller): EntitlementFault | null =>
    faultOf(found, clock(), () => addressOf(caller))

  function tellUse(found: Known): void {
    const now = clock()
    if (now - found.usedAt < TELL_EVERY_MS) return
    found.usedAt = now
    keys.noteUse(found.principal.apiKeyId)
  }

  function admit(caller: Caller, isNew: boolean): Principal | null {
    const found = prove(caller, isNew)
    if (found === null || refusalOf(found, caller) !== null) return null
    tellUse(found)
    return found.principal
  }

  return {
    identify: (caller) => admit(caller, true),
    recognize: (caller) => admit(caller, false),

    explain(caller) {
      const found = prove(caller, true)
      const reason = found === null ? null : refusalOf(found, caller)
      return found === null || reason === null
        ? null
        : { apiKeyId: found.principal.apiKeyId, reason }
    },

    authenticateAssertion: deps.authenticateAssertion ?? (async () => null),
    isFresh: keys.isFresh,
    freshen: keys.freshen,
  }
}

/** As text first: asking for bytes makes an `ArrayBuffer`, and takes twice as long. */
const plainDigest = (text: string): Buffer => Buffer.from(hash('sha256', text, 'hex'), 'hex')

/** What was proven stays proven, as long as the key is the same. */
function learn(
  keys: readonly KnownKey[],
  before: ReadonlyMap<string, Known>,
): ReadonlyMap<string, Known> {
  // A key that signs assertions is not sent, so nothing that is sent is one.
  const sent = keys.filter((key) => key.publicKey === undefined)
  return new Map(
    sent.map((key) => {
      const digest = Buffer.from(key.hash, 'base64url')
      if (digest.length !== 32)
        throw new RangeError('an API key hash must be 32 bytes of base64url')
      const known = before.get(key.id)
      const kept = known?.hash.equals(digest) ? known : undefined
      return [
        key.id,
        {
          ...entitlementOf(key),
          hash: digest,
          proven: kept?.proven ?? NOBODY,
          usedAt: kept?.usedAt ?? Number.NEGATIVE_INFINITY,
        },
      ]
    }),
  )
}
