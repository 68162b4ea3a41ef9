import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import { isLive } from './access-plan.ts'
import { jitterOf, knoxTokenDueAt } from './due.ts'
import {
  type Connection,
  consentBinding,
  currentBinding,
  hasConsent,
  type KnoxTokenRecord,
} from './record.ts'
import { isUncertain, mayRecoverEarly, type RotationPolicy, UNKNOWN_ROTATION } from './rotation.ts'

/** What a caller asks of the Knox token it is about to get. */
export interface HandOutRequest {
  /** The token must live at least this long, unless it was made after the call arrived. */
  readonly minTtlMs: number
  readonly arrivedAt: EpochMs
  /** Fingerprint of a token that Knox refused. */
  readonly rejected?: string
  /** Replace a refused token however recently one was replaced: this service saw the refusal itself. */
  readonly force?: boolean
}

/** `serve_and_renew`: good for this caller, and due for replacement. */
export type HandOutPlan = 'serve' | 'serve_and_renew' | 'mint'

export interface HandOutPolicy {
  /** What is known of a program's refresh tokens; the worst is assumed when absent. */
  readonly rotationOf?: (programId: string) => RotationPolicy
  /** How often a portal's `rejected` may have a token replaced. */
  readonly rejectedIntervalMs: number
  /** No token is asked to live longer than its whole life less this. */
  readonly marginMs: number
}

/**
 * Decides whether the kept Knox token will do.
 *
 * A wish that no new token could fill either is cut to what one can, or a program with short tokens
 * would make one for every call.
 */
export function planHandOut(
  connection: Connection,
  request: HandOutRequest,
  policy: HandOutPolicy,
  now: EpochMs,
): HandOutPlan {
  const token = consentBinding(connection).knoxToken
  if (token === undefined || !isGoodFor(token, request, policy, now)) return 'mint'
  if (now < dueAtOf(connection, token) || hasEnded(connection, now)) return 'serve'
  return wouldRisk(connection, policy, now) ? 'serve' : 'serve_and_renew'
}

/** What is known of a kept token, whosever it is. */
export type KeptToken = Omit<KnoxTokenRecord, 'generation' | 'value'>

/** Whether a kept token answers a request: Knox has not refused it, and it lives long enough. */
export function isGoodFor(
  token: KeptToken,
  request: HandOutRequest,
  { rejectedIntervalMs, marginMs }: HandOutPolicy,
  now: EpochMs,
): boolean {
  if (isRefused(token, request, rejectedIntervalMs, now)) return false
  const minTtlMs = Math.min(request.minTtlMs, token.expiresAt - token.mintedAt - marginMs)
  const longEnough = token.expiresAt > now && token.expiresAt - now >= minTtlMs
  const madeForThis = token.mintedAt >= request.arrivedAt && token.expiresAt > now
  return longEnough || madeForThis
}

/**
 * A renewal now would present a refresh token that may have been spent; where that revokes everything, the
 * token at hand goes with it. So it waits until there is none that would do.
 */
function wouldRisk(connection: Connection, { rotationOf }: HandOutPolicy, now: EpochMs): boolean {
  const binding = consentBinding(connection)
  if (!isUncertain(binding.refresh, now) || isLive(binding, now)) return false
  const policy = rotationOf?.(binding.program) ?? UNKNOWN_ROTATION
  return policy.reuseRevokes && !mayRecoverEarly(binding.refresh, policy, now)
}

/**
 * When the kept token is to be replaced before use.
 *
 * A consent that cannot be renewed is used once more just before its end, for a last Knox token of
 * full length.
 */
export function dueAtOf(connection: Connection, token: KnoxTokenRecord): EpochMs {
  const { tokenSet } = consentBinding(connection)
  const dueAt = knoxTokenDueAt(token.mintedAt, token.expiresAt, jitterOf(connection.id))
  if (tokenSet.refreshToken !== undefined) return dueAt
  const lastCallAt = knoxTokenDueAt(tokenSet.issuedAt, tokenSet.accessExpiresAt, 0)
  return token.mintedAt < lastCallAt ? Math.min(dueAt, lastCallAt) : dueAt
}

/** The consent is over and cannot be renewed: what is kept is all there will be. */
function hasEnded(connection: Connection, now: EpochMs): boolean {
  const { tokenSet } = consentBinding(connection)
  return tokenSet.refreshToken === undefined && tokenSet.accessExpiresAt <= now
}

function isRefused(
  token: KeptToken,
  { rejected, force }: HandOutRequest,
  replaceEveryMs: number,
  now: EpochMs,
): boolean {
  if (rejected === undefined || rejected !== token.tokenId) return false
  return force === true || now - (token.replacedAt ?? 0) >= replaceEveryMs
}

/**
 * Refuses what nobody may have a token for.
 *
 * @throws ServiceError `connection_frozen`, `consent_required`
 */
export function assertUsable(connection: Connection): void {
  if (connection.frozenAt !== undefined) throw new ServiceError('connection_frozen')
  const binding = currentBinding(connection)
  if (hasConsent(binding) && binding.refresh.state === 'consent_required')
    throw new ServiceError('consent_required')
}
