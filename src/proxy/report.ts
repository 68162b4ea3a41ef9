import type { ProxyLimits } from '../access/credential-record.ts'
import type { Audit } from '../audit/audit.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'
import type { Healing } from './call.ts'

/** Who calls, with what the key opens. */
export interface ProxyCaller {
  readonly portal: { readonly id: string; readonly reconnectUrl?: string }
  readonly apiKeyId: string
  /** All programs when absent. */
  readonly programs?: ReadonlySet<string>
  readonly proxy?: ProxyLimits
}

/** How a call ended: by the class of Samsung's status, broken off on the way back, or without an answer. */
export const CALL_OUTCOMES = ['2xx', '3xx', '4xx', '5xx', 'broken', 'failed'] as const

export type CallOutcome = (typeof CALL_OUTCOMES)[number]

export interface ProxyMetrics {
  called(program: string, product: string, outcome: CallOutcome): void
  refusedToken(program: string, healing: Healing): void
}

/** What is told of one call. Never its path, which may name a person. */
export interface CallFacts {
  readonly caller: ProxyCaller
  readonly connectionId: string
  readonly programId: string
  readonly product: string
  readonly method: string
}

export interface ToldCall {
  /** A credential is about to be used. */
  begun(): void
  /** @param how - Samsung's status when its answer went out whole. */
  ended(how: number | 'broken' | 'failed', healing?: Healing): void
}

export type ProxyReport = (facts: CallFacts) => ToldCall

/** Creates the report: the audit trail is told what key calls what, metrics and log how it ended. */
export function createProxyReport(deps: {
  readonly audit: Pick<Audit, 'tally'>
  readonly metrics: ProxyMetrics
  readonly log: Log
  readonly clock: Clock
}): ProxyReport {
  const { audit, metrics, log, clock } = deps

  return ({ caller, connectionId, programId, product, method }) => {
    const { portal, apiKeyId } = caller
    const startedAt = clock()
    return {
      begun() {
        const key = `${apiKeyId} ${connectionId} ${product} ${method}`
        audit.tally('hand_out', key, () => ({
          event: 'call_proxied',
          portalId: portal.id,
          programId,
          connectionId,
          subject: product,
          reason: method,
        }))
      },

      ended(how, healing) {
        const outcome = classOf(how)
        metrics.called(programId, product, outcome)
        const facts = { portalId: portal.id, programId, connectionId, method, reason: product }
        const upstreamStatus = typeof how === 'number' ? how : undefined
        const durationMs = clock() - startedAt
        log.debug('call_proxied', { ...facts, outcome, upstreamStatus, durationMs })
        if (healing === undefined) return
        metrics.refusedToken(programId, healing)
        log.info('proxied_token_refused', { ...facts, outcome: healing, upstreamStatus })
      },
    }
  }
}

const classOf = (how: number | 'broken' | 'failed'): CallOutcome => {
  if (typeof how !== 'number') return how
  return how < 300 ? '2xx' : how < 400 ? '3xx' : how < 500 ? '4xx' : '5xx'
}
