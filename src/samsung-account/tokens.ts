import type { UpstreamDetail } from '../shared/errors.ts'
import type { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'

/** A token response of Samsung Account, normalised but not yet validated by the library. */
export interface ReceivedTokens {
  readonly accessToken: Secret
  /** Absent when Samsung sent none: missing, `-1`, another number, or empty (protocol.md 2.5). */
  readonly refreshToken?: Secret
  /** Counted from the moment the request left, so that latency cannot make it too late. */
  readonly accessExpiresAt: EpochMs
  readonly refreshExpiresAt?: EpochMs
  /** Samsung's `userId`: the account that signed in. */
  readonly userId?: string
  readonly email?: string
  readonly receivedAt: EpochMs
}

/**
 * What a failed token request means for the token that was spent.
 *
 * - `not_sent`: no byte left; the token is untouched.
 * - `customer`: Samsung says that this code or token is no longer good; the customer must sign in.
 * - `operator`: Samsung refused this service's own credentials; no customer can help.
 * - `transient`: Samsung answered and plainly did not act (429, an unknown 4xx); keep the token.
 * - `ambiguous`: sent, and no answer that can be trusted (timeout, reset, 5xx, unreadable 200).
 */
export type TokenFailureKind = 'not_sent' | 'customer' | 'operator' | 'transient' | 'ambiguous'

/** A token request that brought no tokens. Never has a `cause`. */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError'
  readonly kind: TokenFailureKind
  /** `timeout`, `unreachable`, `malformed`, `refused`, `rate_limited`, `unavailable`. */
  readonly reason: string
  readonly upstream: UpstreamDetail
  /** How long Samsung asks us to wait, 0 to 300; only with its 429 or 503, if it said so. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    kind: TokenFailureKind,
    reason: string,
    upstream: UpstreamDetail,
    retryAfterSeconds?: number,
  ) {
    super(`samsung account token request: ${kind} (${reason})`)
    this.kind = kind
    this.reason = reason
    this.upstream = upstream
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/**
 * Called with the tokens as soon as they are read, before the library validates the response: a
 * rotating refresh token must be stored even if the rest of the answer is odd.
 */
export type OnTokens = (tokens: ReceivedTokens) => Promise<void>

/** Samsung Account as one program sees it. */
export interface SamsungAccountClient {
  /** The `signInGate` address for one attempt (protocol.md 2.2). */
  authorizationUrl(parameters: { readonly state: string; readonly locale?: string }): string
  /** Spends an authorization code, exactly once. @throws TokenRequestError, or what `onTokens` throws */
  exchangeCode(code: Secret, onTokens: OnTokens): Promise<void>
  /** Spends a refresh token with one request. @throws TokenRequestError, or what `onTokens` throws */
  refresh(refreshToken: Secret, onTokens: OnTokens): Promise<void>
}
