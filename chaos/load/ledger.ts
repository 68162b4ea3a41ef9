import type { Heard } from './heard.ts'

/** Counts answers by what they say, and keeps how long they took. */
export interface Ledger {
  add(answer: Heard): void
  readonly total: number
  /** How many answers there were by status and code, the most frequent first. */
  counts(): ReadonlyMap<string, number>
  /** How long the answers took whose status is this one; all, when absent. */
  durations(status?: number): readonly number[]
  /** Answers that promised a `Retry-After` by their status and had none. */
  readonly withoutRetryAfter: number
  /** `200 × 2950, 503 refresh_in_progress × 50`. */
  describe(): string
}

export function createLedger(): Ledger {
  const counts = new Map<string, number>()
  const durations = new Map<number, number[]>()
  let withoutRetryAfter = 0
  let total = 0

  const sorted = () => new Map([...counts].toSorted(([, a], [, b]) => b - a))

  return {
    add(answer) {
      const { status, ms, retryAfter } = answer
      total += 1
      const key = nameOf(answer)
      counts.set(key, (counts.get(key) ?? 0) + 1)
      const kept = durations.get(status) ?? []
      durations.set(status, kept)
      kept.push(ms)
      if (status === 503 && retryAfter === null) withoutRetryAfter += 1
    },
    get total() {
      return total
    },
    counts: sorted,
    durations: (status) =>
      status === undefined ? [...durations.values()].flat() : (durations.get(status) ?? []),
    get withoutRetryAfter() {
      return withoutRetryAfter
    },
    describe: () => [...sorted()].map(([name, count]) => `${name} × ${count}`).join(', '),
  }
}

/** `503 store_unavailable`, `200`, or `cut off (ECONNRESET)`. */
export const nameOf = ({ status, code }: Heard): string =>
  status === 0 ? `cut off (${code})` : `${status} ${code}`.trim()
