import type { Sandbox } from '../../src/sandbox/sandbox.ts'

/** Refresh requests that reached Samsung since its record was cleared. */
export interface Attempts {
  /** Families of which a refresh token was presented. */
  readonly first: number
  /** Requests beyond the first one of a family. */
  readonly further: number
  /** The most of these for one family, and which that is. */
  readonly mostFurther: number
  readonly busiest: string
}

/** Counts what the sandbox has recorded. */
export function countAttempts(sandbox: Sandbox): Attempts {
  const byFamily = new Map<string, number>()
  for (const { grantType, family = 'none' } of sandbox.record().requests) {
    if (grantType === 'refresh_token') byFamily.set(family, (byFamily.get(family) ?? 0) + 1)
  }
  const sorted = [...byFamily].toSorted(([, a], [, b]) => b - a)
  const [busiest, most] = sorted[0] ?? ['', 1]
  const sum = sorted.reduce((total, [, count]) => total + count, 0)
  return { first: sorted.length, further: sum - sorted.length, mostFurther: most - 1, busiest }
}
