import type { Environment } from '../config/files.ts'
import type { Clock } from '../shared/time.ts'

/** What a command may touch of the outside. */
export interface Io {
  readonly env: Environment
  /** Standard output: results only, so that they can be piped. */
  readonly out: (text: string) => void
  /** Standard error: everything said to a person. */
  readonly err: (text: string) => void
  readonly clock: Clock
  /** The Node that runs the command, which is taken for the one that is to run the service. */
  readonly nodeVersion?: string
}

/** 1 for what a command found wrong; `EX_USAGE`, `EX_UNAVAILABLE` and `EX_CONFIG` of sysexits(3). */
export const EXIT = { failed: 1, usage: 64, unavailable: 69, config: 78 } as const

/** A command was called in a way that it cannot serve; the message tells what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command has done what it can, and found what is not as it should be; it has said what. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}
