import type { Settings } from '../../src/sandbox/settings.ts'

/** A way in which Samsung may treat refresh tokens, and what an operator has configured for it. */
export interface Mode {
  readonly name: Settings['rotation']
  /** Of the program's `samsung_account`. */
  readonly program: Readonly<Record<string, unknown>>
}

/** The sandbox's grace by default; longer than any restart here. */
const GRACE = '30s'

export const MODES: readonly Mode[] = [
  { name: 'none', program: { rotation: 'none' } },
  { name: 'rotate', program: { rotation: 'rotate', reuse_revokes: false } },
  {
    name: 'grace',
    program: { rotation: 'rotate', rotation_grace: GRACE, reuse_revokes: false },
  },
  { name: 'reuse_revokes', program: { rotation: 'rotate', reuse_revokes: true } },
]

/**
 * Short, so that a lease runs out within seconds. Each holds for the one process that is observed; the
 * lease is longer than the other two together, as the service demands.
 */
export const TIMES = { timeoutMs: 1500, commitBudgetMs: 800, leaseMs: 2500 } as const

/** What a process is started with besides what every stack has. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  KNOXGATE_UPSTREAM_TIMEOUT: `${TIMES.timeoutMs}ms`,
  KNOXGATE_REFRESH_COMMIT_BUDGET: `${TIMES.commitBudgetMs}ms`,
  KNOXGATE_REFRESH_LEASE: `${TIMES.leaseMs}ms`,
  KNOXGATE_STORE_REPLICAS: '1',
  // Nothing is believed without asking the store.
  KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms',
  // Exchange after exchange, of the same few connections.
  KNOXGATE_LIMITS_MINTS_PER_CONNECTION: '0',
}
