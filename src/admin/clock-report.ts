import { type EpochMs, toRfc3339 } from '../shared/time.ts'

/** How far one host's clock is ahead of ours. */
export interface ClockSkew {
  readonly host: string
  readonly skewMs: number
}

/** What this process makes of Samsung's clock. */
export interface ClockState {
  /** Samsung's clock minus ours; `null` when too little is known. */
  readonly skewMs: number | null
  /** What is added to our time in what we sign. */
  readonly correctionMs: number
  /** The skew is too large to be corrected. */
  readonly beyondLimit: boolean
}

/** A skew beyond this makes Knox refuse fresh tokens, if it is not corrected. */
const SKEW_WARNING_MS = 60_000

/** The fields of a report about the clock. */
export const clockFields = (
  skews: readonly (ClockSkew & { readonly observedAt: EpochMs })[],
  { skewMs, correctionMs, beyondLimit }: ClockState,
): object => ({
  clock_skew: skews.map((one) => ({
    host: one.host,
    skew_ms: one.skewMs,
    observed_at: toRfc3339(one.observedAt),
  })),
  clock_correction: {
    skew_ms: skewMs,
    correction_ms: correctionMs,
    beyond_limit: beyondLimit,
  },
})

/** What is worth a look about the clock, in sentences. */
export const clockWarnings = (
  skews: readonly ClockSkew[],
  { beyondLimit }: ClockState,
): readonly string[] => [
  ...(beyondLimit
    ? ['the clock differs from that of Samsung by more than 5 minutes, which is not corrected']
    : []),
  ...skews
    .filter(({ skewMs }) => Math.abs(skewMs) > SKEW_WARNING_MS)
    .map(({ host, skewMs }) => `the clock differs from ${host} by ${Math.round(skewMs / 1000)} s`),
]
