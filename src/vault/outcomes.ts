/**
 * How an attempt to renew a token set ended; the buckets of the refresh objective.
 *
 * The share of `busy_timeout`, `persist_lost` and `reauth_after_crash` is what an operator watches.
 */
export const REFRESH_OUTCOMES = [
  'success',
  'fresh_by_peer',
  'busy_timeout',
  'not_sent',
  'transient_upstream',
  'operator_refused',
  'ambiguous',
  'persist_retry',
  'persist_lost',
  'recovered_after_uncertain',
  'reauth_correct',
  'reauth_after_crash',
] as const

export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number]

/** Where the vault reports what it did. */
export interface VaultMetrics {
  refresh(programId: string, outcome: RefreshOutcome): void
  /** One exchange for a Knox token. */
  mint(programId: string, outcome: 'ok' | 'error', durationMs: number): void
}
