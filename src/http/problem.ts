import {
  ERRORS,
  type ErrorCode,
  type Owner,
  type ProblemExtras,
  ServiceError,
} from '../shared/errors.ts'

/**
 * A problem document (RFC 9457 §3) with this service's members (§3.2). Members absent are left out.
 */
interface ProblemDocument {
  /** `urn:knoxgate:error:<code>`: an identifier to compare, not an address (RFC 9457 §3.1.1). */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly code: ErrorCode
  /** Whether the same request can succeed later without anybody changing anything. */
  readonly retryable: boolean
  readonly owner: Owner
  readonly trace_id: string
  readonly errors?: readonly { readonly field: string; readonly rule: string }[]
  readonly connection_id?: string
  readonly connect_url?: string
  readonly partner_id?: string
  readonly customer_message?: string
  readonly upstream?: UpstreamMember
}

interface UpstreamMember {
  readonly service: string
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly error_id?: string
}

/** What to answer: the status, the headers beyond those of every response, and the document. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: ProblemDocument
}

/** The `type` that Express and body-parser style errors carry, and what it means here. */
const FOREIGN_TYPES: Readonly<Record<string, ErrorCode>> = {
  'entity.too.large': 'payload_too_large',
  'encoding.unsupported': 'unsupported_media_type',
  'charset.unsupported': 'unsupported_media_type',
  'entity.parse.failed': 'malformed_request',
  'request.aborted': 'malformed_request',
  'request.size.invalid': 'malformed_request',
}

/**
 * Refusals that come in floods. Whoever makes them counts them, in the log as well; one line for each
 * would cost more than what was refused.
 */
export const TALLIED: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'overloaded'])

/**
 * Turns anything thrown into the answer for `/v1` and the admin listener.
 *
 * A value that is neither ours nor a known refusal by Express is a defect: `internal_error`, with
 * nothing of the value in it. The bare `status` of a foreign error is not believed, because the
 * errors of HTTP clients carry the status of somebody else's answer.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457#section-3 | RFC 9457 §3}
 */
export function toProblem(error: unknown, { traceId }: { readonly traceId: string }): Problem {
  const { code, extras } = asServiceError(error)
  const { status, title, owner, retryable } = ERRORS[code]
  const { detail, errors, connectionId, connectUrl, partnerId, customerMessage } = extras
  const body: ProblemDocument = {
    type: `urn:knoxgate:error:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    code,
    retryable,
    owner,
    trace_id: traceId,
    ...(errors === undefined ? {} : { errors }),
    ...(connectionId === undefined ? {} : { connection_id: connectionId }),
    ...(connectUrl === undefined ? {} : { connect_url: connectUrl }),
    ...(partnerId === undefined ? {} : { partner_id: partnerId }),
    ...(customerMessage === undefined ? {} : { customer_message: customerMessage }),
    ...upstreamMember(extras),
  }
  return { status, headers: problemHeaders(code, extras), body }
}

/** Reads a thrown value as the expected failure it stands for. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  // Thrown by Express for a path that is not percent-encoded UTF-8.
  if (error instanceof URIError) {
    return new ServiceError('malformed_request', { detail: 'the path is not well-formed' })
  }
  const type = error instanceof Error && 'type' in error ? error.type : undefined
  const known = typeof type === 'string' && Object.hasOwn(FOREIGN_TYPES, type)
  return new ServiceError((known && FOREIGN_TYPES[type]) || 'internal_error')
}

/** RFC 6750 §3. The same whatever was wrong with a key, so that nothing is learned from it. */
const CHALLENGE = 'Bearer realm="knoxgate"'

function problemHeaders(code: ErrorCode, extras: ProblemExtras): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    // Behind the proxy an answer may be Samsung's: this one is not.
    'x-knoxgate-error': code,
  }
  const { status, retryable } = ERRORS[code]
  const wait = extras.retryAfterSeconds ?? (retryable && status >= 502 ? 1 : undefined)
  if (wait !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(wait)))
  // RFC 9110 §11.6.1 and §15.5.6: these two statuses must say how to do better.
  if (status === 401) headers['WWW-Authenticate'] = CHALLENGE
  // RFC 6750 §3.1
  if (code === 'insufficient_scope')
    headers['WWW-Authenticate'] = `${CHALLENGE}, error="insufficient_scope"`
  if (status === 405) headers.Allow = extras.allow ?? ''
  return headers
}

function upstreamMember({ upstream }: ProblemExtras): { readonly upstream?: UpstreamMember } {
  if (upstream === undefined) return {}
  const { service, status, code, message, errorId } = upstream
  return {
    upstream: {
      service,
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(errorId === undefined ? {} : { error_id: errorId }),
    },
  }
}
