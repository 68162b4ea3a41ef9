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

/** What a caller is told when a token request brought nothing. */
export function tokenFailure(error: TokenRequestError): ServiceError {
  const extras = { upstream: error.upstream }
  switch (error.kind) {
    case 'customer':
      return new ServiceError('consent_required', extras)
    case 'operator':
      return new ServiceError('upstream_refused_client', extras)
    case 'not_sent':
      return new ServiceError('upstream_unreachable', { ...extras, retryAfterSeconds: 1 })
    case 'ambiguous':
      return new ServiceError('refresh_outcome_unknown', { ...extras, retryAfterSeconds: 1 })
    case 'transient':
      return new ServiceError(TOKEN_REASONS[error.reason] ?? 'upstream_unavailable', {
        ...extras,
        retryAfterSeconds: 1,
      })
  }
}

/** What a caller is told when Knox said no, or nothing. */
export function knoxFailure(error: KnoxError, partnerId?: string): ServiceError {
  const retryAfterSeconds = error.retryAfterSeconds ?? 1
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
