/** Who has to act before the same request can succeed. */
export type Owner = 'portal' | 'customer' | 'operator' | 'samsung'

interface ErrorRule {
  readonly status: number
  readonly title: string
  readonly owner: Owner
  readonly retryable: boolean
}

const rule = (status: number, owner: Owner, title: string, retryable = false): ErrorRule => ({
  status,
  title,
  owner,
  retryable,
})

/** Every way this service says no: one row per `code` of a problem document, as in `docs/errors.md`. */
export const ERRORS = {
  // The portal's request.
  malformed_request: rule(400, 'portal', 'the request is not well-formed'),
  invalid_api_key: rule(401, 'portal', 'the API key or assertion is missing or not valid'),
  insufficient_scope: rule(403, 'portal', 'the API key lacks the scope for this call'),
  path_not_allowed: rule(403, 'portal', 'the proxy does not lead there'),
  not_found: rule(404, 'portal', 'no such resource'),
  method_not_allowed: rule(405, 'portal', 'the resource does not answer this method'),
  payload_too_large: rule(413, 'portal', 'the request is larger than the limit'),
  uri_too_long: rule(414, 'portal', 'the request target is longer than the limit'),
  unsupported_media_type: rule(415, 'portal', 'the request body is not application/json'),
  invalid_request: rule(422, 'portal', 'a field or parameter breaks its rule'),
  idempotency_in_progress: rule(409, 'portal', 'the first such request is under way', true),
  idempotency_key_reused: rule(422, 'portal', 'the Idempotency-Key came with another body before'),
  headers_too_large: rule(431, 'portal', 'the request headers are larger than the limit'),
  rate_limited: rule(429, 'portal', 'more requests than the limit permits', true),
  // A connect session on its way.
  session_not_ready: rule(409, 'portal', 'the customer has not come back from Samsung yet', true),
  session_ended: rule(409, 'customer', 'the connect session has ended; start a new one'),
  completion_in_progress: rule(409, 'portal', 'the session is being completed', true),
  code_expired: rule(409, 'customer', 'the authorization code has expired; start again'),
  account_mismatch: rule(409, 'customer', 'another Samsung account signed in'),
  connection_exists: rule(409, 'portal', 'this customer is already connected'),
  tenant_claimed: rule(409, 'portal', 'another portal has connected this managed customer'),
  // A connection.
  consent_required: rule(409, 'customer', 'the customer must sign in with Samsung again'),
  trust_missing: rule(409, 'customer', 'the customer does not let the portal in at Knox'),
  proxy_only: rule(409, 'portal', 'the token of this program is not handed out'),
  connection_frozen: rule(
    409,
    'operator',
    'the operator has frozen the connection, or what it belongs to',
  ),
  // Samsung.
  upstream_unreachable: rule(502, 'samsung', 'Samsung could not be reached', true),
  upstream_malformed: rule(502, 'samsung', 'Samsung answered in a way that cannot be read', true),
  upstream_refused: rule(502, 'samsung', 'Samsung refused the request'),
  upstream_refused_client: rule(502, 'operator', 'Samsung refused the credentials of this service'),
  upstream_rate_limited: rule(503, 'samsung', 'Samsung asks for fewer requests', true),
  upstream_unavailable: rule(503, 'samsung', 'Samsung is not available', true),
  upstream_timeout: rule(504, 'samsung', 'Samsung did not answer in time', true),
  refresh_in_progress: rule(503, 'samsung', 'the Samsung token is being renewed', true),
  refresh_outcome_unknown: rule(503, 'samsung', 'the outcome of the last renewal is unknown', true),
  // This service.
  overloaded: rule(503, 'operator', 'more requests are in work than the limit permits', true),
  store_unavailable: rule(503, 'operator', 'the store is not available', true),
  store_not_durable: rule(503, 'operator', 'the store cannot keep what it is given', true),
  audit_unavailable: rule(503, 'operator', 'the audit trail cannot be written', true),
  record_unreadable: rule(503, 'operator', 'the stored record cannot be opened'),
  program_not_configured: rule(503, 'operator', 'the program of the connection is not configured'),
  internal_error: rule(500, 'operator', 'an unexpected error'),
} as const satisfies Record<string, ErrorRule>

/** The closed union of error codes; see `docs/errors.md`. */
export type ErrorCode = keyof typeof ERRORS

/** Extra members of a problem document (RFC 9457 §3.2); values must be safe to print. */
export interface ProblemExtras {
  /** What exactly is wrong: names the field and the rule, never a value from outside. */
  readonly detail?: string
  /** One entry per broken rule, RFC 6901 pointers into the body or parameter names. */
  readonly errors?: readonly { readonly field: string; readonly rule: string }[]
  readonly retryAfterSeconds?: number
  readonly connectionId?: string
  readonly connectUrl?: string
  readonly partnerId?: string
  /** What the portal can tell its customer, word for word. */
  readonly customerMessage?: string
  readonly allow?: string
  /** Samsung's own words about a refusal; only scalars that passed the wire's allow-list. */
  readonly upstream?: UpstreamDetail
}

/** What Samsung said: `code` and `message` as sent, `errorId` for Samsung's support. */
export interface UpstreamDetail {
  readonly service: 'samsung-account' | 'knox'
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly errorId?: string
}

/**
 * An expected failure. Anything else that is thrown is a defect and answered with `internal_error`.
 *
 * Has no `cause` on purpose: errors of openid-client and ioredis hold tokens and written values.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly extras: ProblemExtras

  constructor(code: ErrorCode, extras: ProblemExtras = {}) {
    super(
      extras.detail === undefined ? ERRORS[code].title : `${ERRORS[code].title}: ${extras.detail}`,
    )
    this.code = code
    this.extras = extras
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get owner(): Owner {
    return ERRORS[this.code].owner
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}
