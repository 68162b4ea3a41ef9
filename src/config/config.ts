import type { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'
import type { KeyPair } from '../signing/key-pair.ts'
import type { PublicJwk } from '../signing/public-jwk.ts'
import type { Product } from './products.ts'
import type { Settings } from './settings.ts'

/** Everything the process is told, checked and frozen. Made by `loadConfig`, and nowhere else. */
export interface Config {
  readonly mode: 'strict' | 'development'
  /** An origin: scheme, host and port, no path. */
  readonly publicUrl: string
  readonly host: string
  /** 0 asks the system for a free port. */
  readonly port: number
  readonly adminPort: number
  /** May hold a password. `memory:` in development. */
  readonly redisUrl: Secret
  /** Key-encryption keys, 32 bytes each; the first seals, all open. */
  readonly vaultKeys: readonly { readonly kid: string; readonly key: Secret }[]
  readonly apiKeyPepper: Secret
  readonly adminToken: Secret
  /** Reads what `adminToken` may also change; null when there is none. */
  readonly adminReadToken: Secret | null
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly settings: Settings
  readonly programs: readonly Program[]
  readonly portals: readonly Portal[]
  /** What is allowed and yet worth a look; safe to print. */
  readonly warnings: readonly string[]
}

/** One set of Knox credentials in one region. A union over `kind`; more kinds join it. */
export type Program = SamsungAccountProgram | TwoLeggedProgram

/** What a program of every kind with signed tokens has. */
interface SignedTokenProgram {
  readonly id: string
  readonly region: string
  readonly clientIdentifier: Secret
  /** Used as soon as Samsung refuses the other one; never the same. */
  readonly nextClientIdentifier?: Secret
  readonly keys: KeyPair
  /** Where `keys` were read, and can be read again; absent when they came from a variable. */
  readonly keysFile?: string
  /** Permits RSA keys of 1024 to 2047 bits, with a warning and a metric. */
  readonly allowLegacyRsa: boolean
  readonly knox: KnoxSettings
  /** What the proxy reaches. */
  readonly products: readonly Product[]
}

/** How one program talks to Knox. */
export interface KnoxSettings {
  /** Origin of the Knox APIs for this region, no trailing slash. */
  readonly baseUrl: string
  readonly accessTokenPath: string
  /** 1 to 30; absent: the field is not sent and Samsung's default of 30 applies. */
  readonly validityMinutes?: number
  /** How the public key is sent: re-encoded to SPKI DER, or as it stands in keys.json. */
  readonly publicKeyFormat: 'spki' | 'verbatim'
  /** Path of the cheap read that `verify` makes. */
  readonly verifyPath: string
  /** Samsung codes that mean "no trust"; matched as text. */
  readonly trustErrorCodes: readonly string[]
}

/** Three-legged: the customer signs in with Samsung Account (design: kind `samsung-account`). */
export interface SamsungAccountProgram extends SignedTokenProgram {
  readonly kind: 'samsung-account'
  readonly samsungAccount: {
    readonly authorizeUrl: string
    readonly tokenUrl: string
    readonly clientId: string
    readonly clientSecret: Secret
    /** Sent as written: Samsung documents `CODE`, a real client was seen with `code`. */
    readonly responseType: string
    /** The Knox partner ID that a customer enters in their Knox portal to establish trust. */
    readonly partnerId?: string
    /** Extra query parameters for `signInGate`. */
    readonly authorizeParams: Readonly<Record<string, string>>
    /** Whether Samsung replaces the refresh token on use. */
    readonly rotation: 'none' | 'rotate' | 'unknown'
    /** How long Samsung answers a used refresh token as it did the first time; 0: not known to. */
    readonly rotationGraceMs: number
    /** Whether a used refresh token that is presented again ends all tokens of its consent. */
    readonly reuseRevokes: boolean
  }
  readonly knox: KnoxSettings & {
    /** Name of the claim that carries the Samsung Account access token. */
    readonly idpTokenClaim: string
  }
}

/**
 * Two-legged: nobody signs in, and one Knox token serves all customers of the program. `knox-msp` is a
 * Managed Service Provider, which names the customer in every call; `knox-customer` one company for itself.
 */
export interface TwoLeggedProgram extends SignedTokenProgram {
  readonly kind: 'knox-msp' | 'knox-customer'
}

export type Scope = 'connect' | 'connections:read' | 'connections:write' | 'tokens' | 'proxy'

export interface PortalApiKey {
  readonly id: string
  /** HMAC-SHA-256 of the key under the pepper, base64url. */
  readonly hash: string
  readonly scopes: readonly Scope[]
}

/** A key whose private half only the portal has, to sign assertions with (RFC 7523). */
export interface PortalAssertionKey {
  /** What an assertion names as `kid`. */
  readonly id: string
  /** RFC 7638 thumbprint of the public key, base64url. */
  readonly hash: string
  readonly publicKey: PublicJwk
  readonly scopes: readonly Scope[]
  /** The only programs it opens; all of the portal's when absent. */
  readonly programs?: readonly string[]
  /** The networks it may come from; all when absent. */
  readonly cidrs?: readonly string[]
  readonly expiresAt?: EpochMs
}

/** A caller of `/v1`. */
export interface Portal {
  readonly id: string
  readonly name: string
  /** Where a browser may be sent back to; compared as whole strings. */
  readonly returnUrls: readonly string[]
  /** The portal's own page that starts a connect session for an existing connection. */
  readonly reconnectUrl?: string
  readonly programs: readonly string[]
  readonly apiKeys: readonly PortalApiKey[]
  /** None when absent. */
  readonly assertionKeys?: readonly PortalAssertionKey[]
}
