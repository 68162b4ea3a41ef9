import type { Environment } from '../config/files.ts'

/** What a command may touch of the outside. */
export interface Io {
  readonly env: Environment
  /** Standard output: results only, so that they can be piped. */
  readonly out: (text: string) => void
  /** Standard error: everything said to a person. */
  readonly err: (text: string) => void
}

/** `EX_USAGE` and `EX_CONFIG` of sysexits(3). */
export const EXIT = { usage: 64, config: 78 } as const

/** A command was called in a way that it cannot serve; the message tells what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
