import type { Policy, Standing } from './limiter.ts'

/** Of two standings the one that is nearer to its end. */
export function tighter(one: Standing | null, other: Standing | null): Standing | null {
  if (one === null || other === null) return one ?? other
  if (one.remaining !== other.remaining) return one.remaining < other.remaining ? one : other
  return one.resetMs >= other.resetMs ? one : other
}

/** Whole seconds, never too few. */
export const toSeconds = (ms: number): number => Math.ceil(ms / 1000)

/**
 * `RateLimit-Policy`: every limit that a request counts for, `"key";q=10000;w=10`.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ | RateLimit header fields}
 */
export const policyHeader = (policies: readonly Policy[]): string =>
  policies
    .map(({ name, quota, windowMs }) => `"${name}";q=${quota};w=${toSeconds(windowMs)}`)
    .join(', ')

/** `RateLimit`: how it stands with one of them, `"key";r=9990;t=7`. */
export const standingHeader = ({ policy, remaining, resetMs }: Standing): string =>
  `"${policy.name}";r=${remaining};t=${toSeconds(resetMs)}`
