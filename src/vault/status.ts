import type { Alarm } from '../breaker/breaker.ts'
import type { EpochMs } from '../shared/time.ts'
import { type Binding, type Connection, currentBinding, hasConsent } from './record.ts'
import { isUncertain } from './rotation.ts'

/** Whether a portal can work with a connection, and if not, what stands in the way. */
export type ConnectionStatus =
  | 'active'
  | 'trust_missing'
  | 'degraded'
  | 'consent_required'
  | 'frozen'
  | 'revoked'

export const CONNECTION_STATUSES = [
  'active',
  'trust_missing',
  'degraded',
  'consent_required',
  'frozen',
  'revoked',
] as const satisfies readonly ConnectionStatus[]

/** An error older than this says nothing about now. */
const ERROR_COUNTS_MS = 15 * 60_000

export interface StatusReport {
  readonly status: ConnectionStatus
  /** Why, in one word of a closed list; absent for `active`. */
  readonly reason?: string
}

/**
 * Computes a connection's status from stored facts, the most serious first.
 *
 * `trust_missing` is advice only: tokens are still handed out, or nobody could find it healed.
 *
 * @param alarm - What holds the connection's program, if anything does: then all of its connections are
 *   worse off, whether or not an attempt of theirs was held.
 */
export function statusOf(
  connection: Connection,
  now: EpochMs,
  alarm: Alarm | null = null,
): StatusReport {
  const binding = currentBinding(connection)
  if (connection.frozenAt !== undefined) return { status: 'frozen', reason: 'frozen' }
  if (!hasConsent(binding)) return statusOfUse(binding, now, alarm)
  const { refresh, tokenSet, knoxToken } = binding
  if (refresh.state === 'consent_required')
    return { status: 'consent_required', reason: refresh.reason ?? 'refused' }
  const endsAt = Math.max(tokenSet.accessExpiresAt, knoxToken?.expiresAt ?? 0)
  if (tokenSet.refreshToken === undefined && endsAt <= now)
    return { status: 'consent_required', reason: 'not_renewable' }
  if (alarm !== null) return { status: 'degraded', reason: 'program_held' }
  if (isUncertain(refresh, now)) return { status: 'degraded', reason: 'refresh_outcome_unknown' }
  if (refresh.failures > 0) return { status: 'degraded', reason: 'refresh_failing' }
  return statusOfUse(binding, now, null)
}

/** As far as no consent is concerned. */
function statusOfUse(
  { trust, lastError }: Binding,
  now: EpochMs,
  alarm: Alarm | null,
): StatusReport {
  if (alarm !== null) return { status: 'degraded', reason: 'program_held' }
  if (lastError !== undefined && now - lastError.at < ERROR_COUNTS_MS)
    return { status: 'degraded', reason: lastError.code }
  if (trust?.present === false) return { status: 'trust_missing', reason: 'trust_missing' }
  return { status: 'active' }
}

/** Whether the connection can outlive its present access token; one without consent always can. */
export function isRenewable(connection: Connection): boolean {
  const binding = currentBinding(connection)
  return !hasConsent(binding) || binding.tokenSet.refreshToken !== undefined
}

/** When the customer will have to consent again, as far as Samsung said. */
export function consentExpiresAt(connection: Connection): EpochMs | undefined {
  const binding = currentBinding(connection)
  if (!hasConsent(binding)) return undefined
  const { tokenSet } = binding
  return tokenSet.refreshToken === undefined ? tokenSet.accessExpiresAt : tokenSet.refreshExpiresAt
}
