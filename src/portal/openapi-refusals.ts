import { ERRORS, type ErrorCode } from '../shared/errors.ts'
import type { JsonObject } from './openapi-requests.ts'

/** What every route of `/v1` may answer with. */
const ALWAYS: readonly ErrorCode[] = [
  'malformed_request',
  'invalid_api_key',
  'insufficient_scope',
  'payload_too_large',
  'uri_too_long',
  'unsupported_media_type',
  'invalid_request',
  'headers_too_large',
  'rate_limited',
  'overloaded',
  'store_unavailable',
  'internal_error',
]

/** More, where one session or connection is read. */
export const ON_RECORD: readonly ErrorCode[] = ['not_found', 'record_unreadable']

/** More, where something is created, once per `Idempotency-Key`. */
export const ON_CREATE: readonly ErrorCode[] = [
  ...ON_RECORD,
  'idempotency_in_progress',
  'idempotency_key_reused',
]

/** More, where it is changed for good. */
export const ON_WRITE: readonly ErrorCode[] = [...ON_RECORD, 'store_not_durable']

/** More, where a Knox token is made or used. */
export const ON_TOKEN: readonly ErrorCode[] = [
  ...ON_WRITE,
  'consent_required',
  'connection_frozen',
  'trust_missing',
  'program_not_configured',
  'audit_unavailable',
  'upstream_unreachable',
  'upstream_malformed',
  'upstream_refused',
  'upstream_refused_client',
  'upstream_rate_limited',
  'upstream_unavailable',
  'upstream_timeout',
  'refresh_in_progress',
  'refresh_outcome_unknown',
]

/** More, where a call is passed on to Knox. */
export const ON_PROXY: readonly ErrorCode[] = [...ON_TOKEN, 'path_not_allowed']

/** More, where Samsung's code is spent. An answer that stays away ends the session. */
export const ON_COMPLETION: readonly ErrorCode[] = [
  ...ON_WRITE,
  'session_not_ready',
  'session_ended',
  'completion_in_progress',
  'code_expired',
  'account_mismatch',
  'connection_exists',
  'connection_frozen',
  'program_not_configured',
  'upstream_unreachable',
  'upstream_refused_client',
  'upstream_rate_limited',
  'upstream_unavailable',
]

/** The responses of an operation that refuses, by status, with one example per code. */
export function problems(codes: readonly ErrorCode[]): JsonObject {
  const all = [...ALWAYS, ...codes]
  const statuses = new Set(all.map((code) => ERRORS[code].status))
  return Object.fromEntries(
    [...statuses].map((status) => [
      String(status),
      problem(all.filter((code) => ERRORS[code].status === status)),
    ]),
  )
}

/** One response for the codes of one status. */
function problem(codes: readonly ErrorCode[]): JsonObject {
  const retryAfter = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }] as const)
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('; '),
    headers: {
      'x-trace-id': { $ref: '#/components/headers/TraceId' },
      ...(codes.some((code) => ERRORS[code].retryable) ? retryAfter : {}),
    },
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples),
      },
    },
  }
}
