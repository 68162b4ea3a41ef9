/** Below this a single odd answer could decide. */
const OBSERVATIONS_NEEDED = 2

/**
 * The median. An even number of values has two in the middle: then the answer is the one nearer to
 * `near`, or `near` itself when it lies between them. So what contradicts itself moves nothing.
 *
 * @returns `near` when there are no values.
 */
export function medianNear(values: readonly number[], near: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[(sorted.length - 1) >> 1] ?? near
  const high = sorted[sorted.length >> 1] ?? near
  return Math.min(Math.max(near, low), high)
}

/**
 * The skew that several hosts agree on: the median over the hosts' medians, so that neither one odd
 * answer nor one odd host among three decides.
 *
 * @param hosts - Observations, host by host.
 * @param near - What was found before, or 0.
 * @returns `null` below two observations in all: one answer is no evidence.
 */
export function agreedSkew(hosts: readonly (readonly number[])[], near: number): number | null {
  const count = hosts.reduce((sum, { length }) => sum + length, 0)
  if (count < OBSERVATIONS_NEEDED) return null
  return medianNear(
    hosts.map((skews) => medianNear(skews, near)),
    near,
  )
}
