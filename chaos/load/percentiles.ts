/** The smallest value that at least `share` (0 to 1) of all values do not exceed; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** `p50 12 ms, p99 48 ms, longest 51 ms`. */
export function describeDurations(ms: readonly number[]): string {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => rounded(percentile(ms, share)))
  return `p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`
}

const rounded = (ms: number): string => ms.toFixed(ms < 10 ? 1 : 0)
