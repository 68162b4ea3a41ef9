import type { FreezeScope } from '../access/freezes.ts'
import { ServiceError } from '../shared/errors.ts'
import { sameSecret, sha256 } from '../shared/ids.ts'
import type { Place } from '../vault/directory.ts'
import type { ConnectSession } from './session-record.ts'
import { statusOfSession } from './session-transitions.ts'

/** What only the portal user's own session can know: the one-time result code, and RFC 7636 §4.5. */
export interface CompletionProof {
  readonly resultCode: string
  readonly codeVerifier: string
}

/**
 * Proves that the one who completes is the one who started, and was there when it ended.
 *
 * The same answer for each half that is wrong, so that neither can be guessed alone.
 *
 * @throws ServiceError `session_not_ready`, `session_ended`, `invalid_request`
 */
export function assertProof(session: ConnectSession, proof: CompletionProof, now: number): void {
  if (session.resultCode === undefined) {
    if (statusOfSession(session, now) === 'pending')
      throw new ServiceError('session_not_ready', { retryAfterSeconds: 2 })
    throw new ServiceError('session_ended', { detail: endOf(session, now) })
  }
  const belongs = sameSecret(sha256(proof.resultCode), session.resultCode)
  const verified = sameSecret(sha256(proof.codeVerifier), session.codeChallenge)
  if (belongs && verified) return
  const rule = 'must belong to this session, together with the other'
  throw new ServiceError('invalid_request', {
    detail: 'result_code and code_verifier do not belong to this session',
    errors: ['/result_code', '/code_verifier'].map((field) => ({ field, rule })),
  })
}

/** @throws ServiceError `completion_in_progress`, `code_expired`, `session_ended` */
export function assertOpen(session: ConnectSession, now: number): void {
  const status = statusOfSession(session, now)
  if (session.phase === 'exchanging' && status !== 'failed')
    throw new ServiceError('completion_in_progress', { retryAfterSeconds: 1 })
  if (status === 'awaiting_completion') return
  if (status === 'expired') throw new ServiceError('code_expired')
  throw new ServiceError('session_ended', { detail: endOf(session, now) })
}

const endOf = (session: ConnectSession, now: number): string =>
  session.failure === undefined
    ? `the session is ${statusOfSession(session, now)}`
    : `the session ended with ${session.failure}`

/** The place that a session's customer has, or is about to get. */
export const placeOfSession = ({ portalId, program, tenantRef }: ConnectSession): Place => ({
  portalId,
  programId: program,
  tenantRef,
})

/** What a freeze must not cover: a session that reconnects is about its connection as well. */
export const freezeScopeOf = ({ portalId, program, reconnects }: ConnectSession): FreezeScope => ({
  connectionId: reconnects,
  portalId,
  programId: program,
})
