import type { Settings } from '../../src/sandbox/settings.ts'
import type { Ageing } from '../../test/support/stored-connection.ts'

/** One way in which a herd meets a slow Samsung. */
export interface HerdDrill {
  readonly title: string
  /** What happens to a request to the token endpoint. */
  readonly fault: { readonly kind: 'delay' | 'delay_after_effect'; readonly ms: number }
  readonly rotation: Settings['rotation']
  /** How old the tokens at hand are when the herd comes. */
  readonly ageing: Ageing
  /** The answers that are allowed, by status and code. */
  readonly allowed: readonly string[]
  /** Whether callers who are told to come again do so while Samsung is still slow. */
  readonly again: boolean
  /** Refresh requests beyond the first that one connection may cause while Samsung is slow. */
  readonly mostFurther: number
  /** How every connection must stand once Samsung is quick again. */
  readonly end: 'renewed' | 'honest'
  readonly env: Readonly<Record<string, string>>
}

/** As delivered. */
const CAP_MS = 5_000
/** The lease is long beside the cap: a busy machine may keep its holder waiting. */
const SHORT = { capMs: 2_000, budgetMs: 2_500, leaseMs: 5_000 } as const

/** On two cores a caller queues behind a thousand others, and that is no failure of the store. */
const PATIENT_ENV = {
  KNOXGATE_STORE_TIMEOUT: '10s',
  KNOXGATE_STORE_REQUEST_BUDGET: '20s',
}

const SHORT_ENV = {
  ...PATIENT_ENV,
  KNOXGATE_UPSTREAM_TIMEOUT: `${SHORT.capMs}ms`,
  KNOXGATE_REFRESH_COMMIT_BUDGET: `${SHORT.budgetMs}ms`,
  KNOXGATE_REFRESH_LEASE: `${SHORT.leaseMs}ms`,
}

/** Nothing at hand is good any more. */
export const ENDED: Ageing = { accessToken: { leftMs: -1_000 }, knoxToken: { leftMs: -1_000 } }
/** Both are to be replaced, and both still do. */
const DUE = { accessToken: { leftMs: 600_000, lifeMs: 3_600_000 }, knoxToken: { leftMs: 90_000 } }

const UNKNOWN = ['503 refresh_outcome_unknown', '503 refresh_in_progress']

/** Every attempt is given up although Samsung has acted. */
const hung = (rotation: Settings['rotation'], end: HerdDrill['end']): HerdDrill => ({
  title: `the token endpoint acts at once and answers after three leases, rotation ${rotation}`,
  fault: { kind: 'delay_after_effect', ms: 3 * SHORT.leaseMs },
  rotation,
  ageing: ENDED,
  allowed: UNKNOWN,
  // With a grace period the service comes again by itself.
  again: rotation !== 'grace',
  mostFurther: 1,
  end,
  env: SHORT_ENV,
})

const atHand = (drill: HerdDrill): HerdDrill => ({
  ...drill,
  title: `${drill.title}; tokens are due and still good`,
  ageing: DUE,
  allowed: ['200'],
})

/** What a herd is put through, one after the other. */
export const HERD_DRILLS: readonly HerdDrill[] = [
  {
    title: 'the token endpoint answers after 0.8 of upstream.timeout, rotation reuse_revokes',
    fault: { kind: 'delay', ms: 0.8 * CAP_MS },
    rotation: 'reuse_revokes',
    ageing: ENDED,
    allowed: ['200'],
    again: false,
    mostFurther: 0,
    end: 'renewed',
    env: PATIENT_ENV,
  },
  hung('none', 'renewed'),
  hung('grace', 'renewed'),
  hung('reuse_revokes', 'honest'),
  atHand(hung('grace', 'renewed')),
  // Spending the token once more would end the family while its access token is still good.
  { ...atHand(hung('reuse_revokes', 'honest')), mostFurther: 0 },
]
