import type { UpstreamDetail } from '../shared/errors.ts'
import type { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'

/** A live Knox credential, ready to be sent. */
export interface KnoxCredential {
  /** The header's name: `x-knox-apitoken` for signed tokens. */
  readonly headerName: string
  readonly value: Secret
  /** The earlier of the KCS token's end and the signature's `exp`, by our clock. */
  readonly expiresAt: EpochMs
}

/**
 * What a refused Knox call means.
 *
 * - `idp_token`: the Samsung Account token is not accepted (4010011): renew it, once.
 * - `knox_token`: the Knox token is not accepted (403225x, 4030000): make a new one, once.
 * - `operator`: this service's keys, Client Identifier, request or clock are refused.
 * - `trust`: the customer has not established trust with the portal.
 * - `transient`: Samsung is out of order, slow or rate-limiting.
 * - `unknown`: none of these; Samsung's words are in `upstream`.
 */
export type KnoxFailureKind =
  | 'idp_token'
  | 'knox_token'
  | 'operator'
  | 'trust'
  | 'transient'
  | 'unknown'

/** Knox said no, or nothing. Never has a `cause`. */
export class KnoxError extends Error {
  override readonly name = 'KnoxError'
  readonly kind: KnoxFailureKind
  /** `timeout`, `unreachable`, `malformed`, `refused`, `rate_limited`, `unavailable`. */
  readonly reason: string
  readonly upstream: UpstreamDetail
  readonly retryAfterSeconds: number | undefined

  constructor(
    kind: KnoxFailureKind,
    reason: string,
    upstream: UpstreamDetail,
    retryAfterSeconds?: number,
  ) {
    super(`knox: ${kind} (${reason})`)
    this.kind = kind
    this.reason = reason
    this.upstream = upstream
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** How one program makes and checks Knox credentials; every kind stands behind this interface. */
export interface KnoxKind {
  /**
   * Makes a credential out of a Samsung Account access token. A used `jti` (4002250) is answered with
   * a new one, and a refusal of the time with Samsung's time; once, in here.
   *
   * @throws KnoxError
   */
  mint(idpAccessToken: Secret): Promise<KnoxCredential>
  /** Makes one cheap read with a credential; returns when Knox served it. @throws KnoxError */
  verify(credential: KnoxCredential): Promise<void>
}
