import { percentile } from './percentiles.ts'

/** A value at a time, in ms. */
export interface Sample {
  readonly at: number
  readonly value: number
}

/** A straight line through samples. */
export interface Trend {
  readonly perHour: number
  /** Two standard errors of `perHour`: what the line itself does not know. */
  readonly uncertainty: number
}

const HOUR_MS = 3_600_000

/** Least squares over samples of at least three moments. */
export function trendOf(samples: readonly Sample[]): Trend {
  const count = samples.length
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / count
  const [meanAt, meanValue] = [mean(({ at }) => at), mean(({ value }) => value)]
  const spread = mean(({ at }) => (at - meanAt) ** 2)
  const slope = mean(({ at, value }) => (at - meanAt) * (value - meanValue)) / spread
  const rest = mean(({ at, value }) => (value - meanValue - slope * (at - meanAt)) ** 2)
  const error = Math.sqrt(rest / spread / Math.max(1, count - 2))
  return { perHour: slope * HOUR_MS, uncertainty: 2 * error * HOUR_MS }
}

/**
 * The smallest value of each stretch of time: what is left after the garbage collections of that time,
 * without their saw teeth.
 */
export function lowerEdge(samples: readonly Sample[], stretchMs: number): readonly Sample[] {
  const stretches = Map.groupBy(samples, ({ at }) => Math.floor(at / stretchMs))
  return [...stretches.values()].map((all) =>
    all.reduce((lowest, one) => (one.value < lowest.value ? one : lowest)),
  )
}

/** The value in the middle. */
export const medianOf = (samples: readonly Sample[]): number =>
  percentile(
    samples.map(({ value }) => value),
    0.5,
  )
