import type { Audit } from '../audit/audit.ts'
import type { TokenRequestError } from '../samsung-account/tokens.ts'
import { ERRORS, type ErrorCode, ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { EpochMs } from '../shared/time.ts'
import type { Snapshot } from './connections.ts'
import type { RefreshOutcome, VaultMetrics } from './outcomes.ts'
import { type Connection, consentBinding } from './record.ts'

export interface RefreshReport {
  /** One event and one count per attempt, however it ended. */
  ended(connection: Connection, outcome: RefreshOutcome, attempt?: string): void
  /** What Samsung said, without a word that could hold a token. */
  refused(connection: Connection, error: TokenRequestError): void
}

/** Creates the reporter of refresh attempts. */
export function createRefreshReport(deps: {
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
  readonly metrics: VaultMetrics
}): RefreshReport {
  const { audit, log, metrics } = deps
  return {
    ended(connection, outcome, attempt) {
      const { program } = consentBinding(connection)
      metrics.refresh(program, outcome)
      const { id, generation, portalId } = connection
      log.info('refresh_ended', {
        connectionId: id,
        programId: program,
        generation,
        outcome,
        attempt,
      })
      const about = { portalId, programId: program, connectionId: id }
      audit.note({ event: 'refresh_ended', outcome, ...about })
    },

    refused({ id }, { kind, reason, upstream }) {
      log.warn('refresh_refused', {
        connectionId: id,
        outcome: kind,
        reason,
        upstreamStatus: upstream.status,
        upstreamCode: upstream.code,
      })
    },
  }
}

/** The bucket of an attempt that Samsung answered with no. */
export function outcomeOf(error: TokenRequestError, recovering: boolean): RefreshOutcome {
  switch (error.kind) {
    case 'customer':
      return recovering ? 'reauth_after_crash' : 'reauth_correct'
    case 'operator':
      return 'operator_refused'
    case 'transient':
      return 'transient_upstream'
    case 'not_sent':
      return 'not_sent'
    case 'ambiguous':
      return 'ambiguous'
  }
}

/** What callers are told between attempts: the reason of the last one, and when the next may be. */
export function heldBack(
  { connection, serverNow }: Snapshot,
  { retryAt, uncertain }: { readonly retryAt: EpochMs; readonly uncertain: boolean },
): ServiceError {
  const retryAfterSeconds = Math.max(1, Math.ceil((retryAt - serverNow) / 1000))
  if (uncertain) return new ServiceError('refresh_outcome_unknown', { retryAfterSeconds })
  const { code } = consentBinding(connection).refresh
  const isKnown = code !== undefined && Object.hasOwn(ERRORS, code)
  const told = isKnown ? (code as ErrorCode) : 'upstream_unavailable'
  return new ServiceError(told, { retryAfterSeconds })
}
