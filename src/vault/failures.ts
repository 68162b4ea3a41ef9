import type { KnoxError } from '../knox/kind.ts'
import type { TokenRequestError } from '../samsung-account/tokens.ts'
import { type ErrorCode, ServiceError } from '../shared/errors.ts'

const TOKEN_REASONS: Readonly<Record<string, ErrorCode>> = {
  rate_limited: 'upstream_rate_limited',
  unavailable: 'upstream_unavailable',
  unreachable: 'upstream_unreachable',
  timeout: 'upstream_timeout',
  malformed: 'upstream_malformed',
}

/** What Samsung asks for, and a second at least: no attempt of ours would come sooner. */
const waitOf = ({ retryAfterSeconds = 1 }: TokenRequestError | KnoxError): number =>
  Math.max(1, retryAfterSeconds)

/** What a caller is told when a token request brought nothing. */
export function tokenFailure(error: TokenRequestError): ServiceError {
  const retryAfterSeconds = waitOf(error)
  const extras = { upstream: error.upstream }
  switch (error.kind) {
    case 'customer':
      return new ServiceError('consent_required', extras)
    case 'operator':
      return new ServiceError('upstream_refused_client', extras)
    case 'not_sent':
      return new ServiceError('upstream_unreachable', { ...extras, retryAfterSeconds })
    case 'ambiguous':
      return new ServiceError('refresh_outcome_unknown', { ...extras, retryAfterSeconds })
    case 'transient':
      return new ServiceError(TOKEN_REASONS[error.reason] ?? 'upstream_unavailable', {
        ...extras,
        retryAfterSeconds,
      })
  }
}

/** What a caller is told when Knox said no, or nothing. */
export function knoxFailure(error: KnoxError, partnerId?: string): ServiceError {
  const retryAfterSeconds = waitOf(error)
  const extras = { upstream: error.upstream }
  switch (error.kind) {
    case 'trust':
      return new ServiceError('trust_missing', {
        ...extras,
        ...(partnerId === undefined ? {} : { partnerId }),
      })
    case 'operator':
    case 'idp_token':
      return new ServiceError('upstream_refused_client', extras)
    case 'transient':
      return new ServiceError(TOKEN_REASONS[error.reason] ?? 'upstream_unavailable', {
        ...extras,
        retryAfterSeconds,
      })
    case 'knox_token':
    case 'unknown':
      return new ServiceError('upstream_refused', extras)
  }
}
