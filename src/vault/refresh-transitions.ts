import type { TokenFailureKind } from '../samsung-account/tokens.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import { backoffMs } from './due.ts'
import { type Connection, consentBinding, type RefreshState, withCurrentBinding } from './record.ts'

/** What one attempt brings along: who it is, and which token set it means to replace. */
export interface RefreshAttempt {
  readonly attempt: string
  /** The generation that was current when the caller decided to renew. */
  readonly generation: number
}

export type BeginResult =
  | { readonly kind: 'begun'; readonly next: Connection; readonly recovering: boolean }
  /** Another attempt owns the lease until then, by the store's clock. */
  | { readonly kind: 'busy'; readonly until: EpochMs }
  /** No attempt before then: the last ones failed. */
  | { readonly kind: 'backoff'; readonly retryAt: EpochMs; readonly uncertain: boolean }
  /** A newer token set is there already. */
  | { readonly kind: 'moved' }
  | { readonly kind: 'consent_required' }

const withRefresh = (connection: Connection, refresh: RefreshState, now: EpochMs): Connection =>
  withCurrentBinding({ ...connection, updatedAt: now }, { ...consentBinding(connection), refresh })

/** Records of earlier versions do not say it. */
const spentAtOf = ({ spentAt, since }: RefreshState): EpochMs => spentAt ?? since

/**
 * Writes down the intent to spend the refresh token, before it is spent. The intent is the lease.
 *
 * A lease that ran out without an outcome, or an outcome that stayed unknown, makes this attempt a
 * recovery: it spends a token that may have been spent before.
 */
export function beginRefresh(
  connection: Connection,
  { attempt, generation }: RefreshAttempt,
  leaseMs: number,
  now: EpochMs,
): BeginResult {
  const { refresh } = consentBinding(connection)
  if (connection.generation !== generation) return { kind: 'moved' }
  if (refresh.state === 'consent_required') return { kind: 'consent_required' }
  if (refresh.state === 'refreshing' && (refresh.until ?? 0) > now && refresh.attempt !== attempt)
    return { kind: 'busy', until: refresh.until ?? 0 }
  if (refresh.state !== 'refreshing' && (refresh.retryAt ?? 0) > now)
    return {
      kind: 'backoff',
      retryAt: refresh.retryAt ?? 0,
      uncertain: refresh.state === 'uncertain',
    }
  const recovering =
    refresh.state === 'uncertain' ||
    (refresh.state === 'refreshing' && (refresh.attempt !== attempt || refresh.recovering === true))
  const next: RefreshState = {
    state: 'refreshing',
    since: now,
    attempt,
    until: now + leaseMs,
    recovering,
    spentAt: recovering ? spentAtOf(refresh) : now,
    failures: refresh.failures,
  }
  return { kind: 'begun', next: withRefresh(connection, next, now), recovering }
}

export interface BackoffPolicy {
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /** After a refusal of our own credentials: the breaker decides when to go on, not one connection. */
  readonly operatorRetryMs: number
}

/** How an attempt ended that brought no tokens. */
export interface RefreshFailure {
  readonly kind: TokenFailureKind
  /** How long Samsung asked to be left alone. */
  readonly retryAfterSeconds?: number | undefined
  /** What callers are told until the next attempt. */
  readonly code?: ErrorCode
}

/** How long to wait before the next attempt. */
function waitMs(
  { kind, retryAfterSeconds = 0 }: RefreshFailure,
  failures: number,
  policy: BackoffPolicy,
): number {
  if (kind === 'operator') return policy.operatorRetryMs
  const own = backoffMs(failures, policy.backoffMinMs, policy.backoffMaxMs)
  return Math.max(own, retryAfterSeconds * 1000)
}

/**
 * Ends an attempt that brought no tokens.
 *
 * Only `customer` needs the customer. Whatever may have spent the token leaves `uncertain`, and a
 * recovery that failed without an answer is as uncertain as before.
 *
 * @returns null when the attempt no longer owns the record: then there is nothing to end.
 */
export function failRefresh(
  connection: Connection,
  { attempt, generation }: RefreshAttempt,
  failure: RefreshFailure,
  policy: BackoffPolicy,
  now: EpochMs,
): Connection | null {
  const { refresh } = consentBinding(connection)
  const { kind } = failure
  const owns = refresh.state === 'refreshing' && refresh.attempt === attempt
  if (!owns || connection.generation !== generation) return null
  const failures = refresh.failures + 1
  if (kind === 'customer')
    return withRefresh(
      connection,
      {
        state: 'consent_required',
        since: now,
        failures,
        reason: refresh.recovering === true ? 'refused_after_unknown_outcome' : 'refused',
      },
      now,
    )
  const uncertain = kind === 'ambiguous' || refresh.recovering === true
  return withRefresh(
    connection,
    {
      state: uncertain ? 'uncertain' : 'ok',
      since: now,
      ...(uncertain ? { spentAt: spentAtOf(refresh) } : {}),
      failures,
      retryAt: now + waitMs(failure, failures, policy),
      ...(failure.code === undefined ? {} : { code: failure.code }),
    },
    now,
  )
}

/**
 * Takes an intent back whose token never left the process, because the intent could not be written as
 * safely as it must be. What was known before is known again.
 *
 * @returns null when the attempt does not own the record, or never did.
 */
export function withdrawRefresh(
  connection: Connection,
  { attempt, generation }: RefreshAttempt,
  now: EpochMs,
): Connection | null {
  const { refresh } = consentBinding(connection)
  const owns = refresh.state === 'refreshing' && refresh.attempt === attempt
  if (!owns || connection.generation !== generation) return null
  const { failures } = refresh
  const next: RefreshState =
    refresh.recovering === true
      ? { state: 'uncertain', since: now, spentAt: spentAtOf(refresh), failures }
      : { state: 'ok', since: now, failures }
  return withRefresh(connection, next, now)
}

/** Marks a connection whose access token has ended and that has no refresh token. */
export function endNotRenewable(
  connection: Connection,
  generation: number,
  now: EpochMs,
): Connection | null {
  if (connection.generation !== generation) return null
  const { refresh } = consentBinding(connection)
  if (refresh.state === 'consent_required') return null
  return withRefresh(
    connection,
    { state: 'consent_required', since: now, failures: refresh.failures, reason: 'not_renewable' },
    now,
  )
}
