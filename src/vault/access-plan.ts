import type { EpochMs } from '../shared/time.ts'
import { jitterOf, tokenSetDueAt } from './due.ts'
import { type Connection, type ConsentBinding, consentBinding, type TokenSet } from './record.ts'
import { isUncertain, mayRecoverEarly, type RotationPolicy, UNKNOWN_ROTATION } from './rotation.ts'

/** At most this much of an access token's life is left unused. */
export const ACCESS_TOKEN_MARGIN_MS = 15_000

/** An access token with less life left than this is not sent: it would end on its way. */
const marginOf = ({ issuedAt, accessExpiresAt }: TokenSet): number =>
  Math.min(ACCESS_TOKEN_MARGIN_MS, Math.max(0, accessExpiresAt - issuedAt) / 10)

/**
 * What to do about a connection's Samsung Account access token before it is used.
 *
 * - `use`: take it as it is.
 * - `renew_or_use`: renew it, and take it as it is if that fails.
 * - `renew`: it cannot be used any more.
 * - `consent_required`: it cannot be used, and nothing can renew it.
 */
export type AccessPlan = 'use' | 'renew_or_use' | 'renew' | 'consent_required'

/** Whether an access token can still be sent and used. */
export const isLive = ({ tokenSet }: Pick<ConsentBinding, 'tokenSet'>, now: EpochMs): boolean =>
  tokenSet.accessExpiresAt - marginOf(tokenSet) > now

/**
 * Decides about the access token.
 *
 * While it lives, an outcome that is unknown stays so: spending the refresh token again may cost the
 * customer's consent, and nothing is gained before the access token ends, unless Samsung is known not to
 * mind. For the same reason a live token is used, not waited for, while another process renews it.
 */
export function planAccess(
  connection: Connection,
  now: EpochMs,
  policy: RotationPolicy = UNKNOWN_ROTATION,
): AccessPlan {
  const binding = consentBinding(connection)
  const { refresh, tokenSet } = binding
  if (refresh.state === 'consent_required') return 'consent_required'
  const renewable = tokenSet.refreshToken !== undefined
  if (!isLive(binding, now)) return renewable ? 'renew' : lastUse(tokenSet.accessExpiresAt, now)
  const isHeld = refresh.state === 'refreshing' && (refresh.until ?? 0) > now
  if (!renewable || isHeld || (refresh.retryAt ?? 0) > now) return 'use'
  if (isUncertain(refresh, now)) {
    return mayRecoverEarly(refresh, policy, now) ? 'renew_or_use' : 'use'
  }
  const dueAt = tokenSetDueAt(tokenSet.issuedAt, tokenSet.accessExpiresAt, jitterOf(connection.id))
  return refresh.state === 'ok' && now >= dueAt ? 'renew_or_use' : 'use'
}

/**
 * A renewal that did not help is not tried again within this time. It counts from the renewal: every call
 * since notes the same failure, and must not put the next one off.
 */
const RENEW_AGAIN_MS = 60_000

/**
 * Whether a new access token may help after Knox refused this one.
 *
 * A token that worked before and is refused now has been withdrawn; without a refresh token that is
 * the end of the consent. One that never worked is refused for this service's own sake. And one that
 * was refused although it was new would be renewed by every call.
 *
 * @param upstreamCode - Samsung's code of the refusal.
 */
export function mayRenewRefused(
  connection: Connection,
  upstreamCode: string | undefined,
  now: EpochMs,
): boolean {
  const { tokenSet, knoxToken, lastError } = consentBinding(connection)
  const wasInVain =
    lastError?.code === 'upstream_refused_client' &&
    lastError.upstreamCode === upstreamCode &&
    now - tokenSet.issuedAt < RENEW_AGAIN_MS
  if (wasInVain) return false
  return tokenSet.refreshToken !== undefined || knoxToken?.generation === tokenSet.generation
}

/** What cannot be renewed is used to its last moment. */
const lastUse = (expiresAt: EpochMs, now: EpochMs): AccessPlan =>
  expiresAt > now ? 'use' : 'consent_required'
