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

/** A credential, and for whom of a provider's customers it is used: `x-wsm-managed-tenantid`. */
export type UsedCredential = Omit<KnoxCredential, 'expiresAt'> & {
  readonly managedTenantId?: string
}

/** The header that names a provider's customer (protocol.md 5.1). */
const MANAGED_TENANT_HEADER = 'x-wsm-managed-tenantid'

/** The headers of a call to Knox with this credential. They hold a secret. */
export const credentialHeaders = ({
  headerName,
  value,
  managedTenantId,
}: UsedCredential): Readonly<Record<string, string>> => ({
  [headerName]: value.reveal(),
  ...(managedTenantId === undefined ? {} : { [MANAGED_TENANT_HEADER]: managedTenantId }),
})

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

/** Asks Knox whether it serves a credential; every kind can. */
export interface KnoxVerifier {
  /** Makes one cheap read with a credential; returns when Knox served it. @throws KnoxError */
  verify(credential: UsedCredential): Promise<void>
}

/** How a two-legged program makes Knox credentials: out of nothing but its own. */
export interface TwoLeggedKind extends KnoxVerifier {
  /**
   * Makes a credential that serves all customers of the program. A used `jti` and a refusal of the time are
   * answered as with {@link KnoxKind.mint}.
   *
   * @throws KnoxError of the kinds `operator`, `transient`, `unknown`
   */
  mint(): Promise<KnoxCredential>
}

/** How a three-legged program makes and checks Knox credentials. */
export interface KnoxKind extends KnoxVerifier {
  /**
   * Makes a credential out of a Samsung Account access token. A used `jti` (4002250) is answered with
   * a new one, and a refusal of the time with Samsung's time; once, in here.
   *
   * @throws KnoxError
   */
  mint(idpAccessToken: Secret): Promise<KnoxCredential>
}
