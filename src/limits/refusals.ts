import type { Audit, AuditEvent } from '../audit/audit.ts'
import { createTally } from '../audit/tally.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import type { LimitName, Standing } from './limiter.ts'
import { toSeconds } from './rate-headers.ts'

/** Why a request was turned away before anything was done for it. */
export const SHED_REASONS = ['total', 'portal', 'unproven'] as const

export type ShedReason = (typeof SHED_REASONS)[number]

/** Whom a refusal is about, as far as that was proven. Never an address. */
export interface Refused {
  readonly portalId?: string
  readonly apiKeyId?: string
  readonly connectionId?: string
}

export interface LimitMetrics {
  limited(limit: LimitName): void
  shed(reason: ShedReason): void
}

/** Makes refusals, and tells of them: there may be very many. */
export interface Refusals {
  /** The refusal of a request that is one too many. */
  limited(standing: Standing, who?: Refused): ServiceError
  /** The refusal of a request for which there is no room. */
  shed(reason: ShedReason, who?: Refused): ServiceError
  /** Tells what was counted, and counts no more. */
  stop(): void
}

export interface RefusalsDeps {
  readonly audit: Pick<Audit, 'note'>
  readonly metrics: LimitMetrics
  readonly log: Log
  readonly clock: Clock
}

/** After the first one, refusals of the same kind are told once in this time, as a count. */
const TELL_EVERY_MS = 60_000
const MAX_KINDS = 5000
const SHED_RETRY_S = 1

/** Creates the refusals of one process. */
export function createRefusals({ audit, metrics, log, clock }: RefusalsDeps): Refusals {
  function tell(event: AuditEvent): void {
    audit.note(event)
    const { event: name, reason, count, actor } = event
    const fields = { reason, count, portalId: actor?.portalId, apiKeyId: actor?.apiKeyId }
    if (name === 'rate_limited') log.warn('rate_limited', fields)
    else log.warn('request_shed', fields)
  }

  const tally = createTally({ note: tell, maxKeys: MAX_KINDS, clock })
  const telling = setInterval(tally.flush, TELL_EVERY_MS).unref()

  function count(
    event: 'rate_limited' | 'request_shed',
    outcome: string,
    reason: string,
    { portalId, apiKeyId }: Refused,
  ): void {
    tally.add(`${event} ${reason} ${portalId} ${apiKeyId}`, () => ({
      event,
      outcome,
      reason,
      portalId,
      ...(portalId === undefined
        ? {}
        : { actor: { kind: 'portal', portalId, ...(apiKeyId === undefined ? {} : { apiKeyId }) } }),
    }))
  }

  return {
    limited({ policy, resetMs }, who = {}) {
      metrics.limited(policy.name)
      count('rate_limited', 'rate_limited', policy.name, who)
      return new ServiceError('rate_limited', {
        detail: `the limit ${policy.name} is ${policy.quota} in ${toSeconds(policy.windowMs)} s`,
        retryAfterSeconds: Math.max(1, toSeconds(resetMs)),
        ...(who.connectionId === undefined ? {} : { connectionId: who.connectionId }),
      })
    },

    shed(reason, who = {}) {
      metrics.shed(reason)
      count('request_shed', 'overloaded', reason, who)
      return new ServiceError('overloaded', { retryAfterSeconds: SHED_RETRY_S })
    },

    stop() {
      clearInterval(telling)
      tally.flush()
    },
  }
}
