import type { Audit } from '../audit/audit.ts'
import type { KnoxError } from '../knox/kind.ts'
import type { Log } from '../shared/log.ts'
import type { ReloadReport } from './key-reload.ts'
import type { NewPromotion } from './promotions.ts'
import type { KeyFacts } from './signing-keys.ts'

/** Where changes of credentials are counted. */
export interface CredentialMetrics {
  reloaded(programId: string, outcome: 'activated' | 'unchanged' | 'refused' | 'unusable'): void
  promoted(programId: string): void
}

/** Tells the log, the audit trail and the metrics what becomes of a program's credentials. */
export interface ProgramReports {
  readonly promoted: (promotion: NewPromotion) => void
  readonly reload: ReloadReport
  /** What Samsung makes of a program's new key pairs. */
  keysOf(programId: string): {
    readonly activated: (activated: KeyFacts) => void
    readonly refused: (refused: KeyFacts, error: KnoxError) => void
  }
}

export interface ProgramReportsDeps {
  readonly audit: Pick<Audit, 'note'>
  readonly log: Log
  readonly metrics: CredentialMetrics
}

/** Creates the reports of one process. */
export function createProgramReports({ audit, log, metrics }: ProgramReportsDeps): ProgramReports {
  function noteKey(programId: string, outcome: string, subject?: string, reason?: string): void {
    audit.note({ event: 'signing_key_reloaded', programId, outcome, subject, reason })
  }

  return {
    promoted({ program: programId, active }) {
      log.error('client_identifier_promoted', { programId, fingerprint: active })
      audit.note({ event: 'client_identifier_promoted', programId, subject: active })
      metrics.promoted(programId)
    },

    reload: {
      begun: (count) => log.info('signing_keys_reloading', { count }),
      read(programId, offer, fingerprint) {
        log.info('signing_key_read', { programId, outcome: offer, fingerprint })
        if (offer === 'pending') return
        noteKey(programId, offer, fingerprint)
        metrics.reloaded(programId, 'unchanged')
      },
      unusable(programId, reason) {
        log.error('signing_key_unusable', { programId, reason })
        noteKey(programId, 'unusable', undefined, reason)
        metrics.reloaded(programId, 'unusable')
      },
      waiting: (programId, fingerprint) =>
        log.warn('signing_key_waits', { programId, fingerprint }),
      failed: (programId, error) => log.error('signing_key_not_tried', { programId, error }),
    },

    keysOf: (programId) => ({
      activated({ thumbprint }) {
        log.info('signing_key_activated', { programId, fingerprint: thumbprint })
        noteKey(programId, 'ok', thumbprint)
        metrics.reloaded(programId, 'activated')
      },
      refused({ thumbprint }, { upstream: { status, code } }) {
        const words = { upstreamStatus: status, upstreamCode: code }
        log.error('signing_key_refused', { programId, fingerprint: thumbprint, ...words })
        noteKey(programId, 'refused', thumbprint, code)
        metrics.reloaded(programId, 'refused')
      },
    }),
  }
}
