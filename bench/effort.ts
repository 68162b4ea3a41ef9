import type { RoundOptions } from './rounds.ts'

/** How much is measured: the more, the less it matters what else the machine does. */
export interface Effort {
  readonly load: RoundOptions
  /** For each way of signing. */
  readonly signing: { readonly rounds: number; readonly seconds: number }
  readonly starts: number
  /** Calls of one caller, for each latency. */
  readonly calls: number
}

export const FULL: Effort = {
  load: { rounds: 11, maxRounds: 19, seconds: 1, warmUpRequests: 30_000 },
  signing: { rounds: 3, seconds: 1 },
  starts: 7,
  calls: 1000,
}

export const QUICK: Effort = {
  load: { rounds: 5, maxRounds: 6, seconds: 0.5, warmUpRequests: 12_000 },
  signing: { rounds: 1, seconds: 0.5 },
  starts: 3,
  calls: 100,
}
