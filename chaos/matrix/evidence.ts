import type { RequestEntry } from '../../src/sandbox/record.ts'
import type { Told } from './asking.ts'
import type { StoredIntent } from './intents.ts'

/** Everything about one cell that is judged. */
export interface Evidence {
  /** Every answer that a portal was given, in order. */
  readonly told: readonly Told[]
  /** The last answer before judging. */
  readonly settled: Told
  /** From the end, or the going on, of the process. */
  readonly settledAfterMs: number
  /** Of the process, when it was stopped and ended in the end by SIGTERM. */
  readonly exitCode: number | null
  /** Whether the process lived on. */
  readonly survived: boolean
  /** One more renewal, when the connection works. */
  readonly proof:
    | {
        /** Fingerprint of the refresh token that Samsung held to be alive. */
        readonly live: string | null
        readonly told: Told
        /** The newest refresh. */
        readonly request: RequestEntry | undefined
      }
    | undefined
  /** Intents that Redis has taken, by who has written them. */
  readonly intents: {
    readonly victim: readonly StoredIntent[]
    readonly peer: readonly StoredIntent[]
  }
  /** How many refreshes the process has sent, whether they arrived or not. */
  readonly spent: number
  /** What the processes have written meanwhile. */
  readonly output: { readonly victim: string; readonly peer: string }
  /** The record, as it is stored. */
  readonly stored: string
  /** Refreshes that reached Samsung. */
  readonly requests: readonly RequestEntry[]
}

/** One event of the log. */
export interface LogEvent {
  readonly event: string
  readonly attempt?: string
  readonly outcome?: string
}

/** What processes have logged about a connection. */
export const eventsOf = (output: string, connectionId: string): readonly LogEvent[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(connectionId))
    .map((line) => JSON.parse(line))

/** How often the end of an attempt was reported. */
export const reportsOf = (
  events: readonly LogEvent[],
  { attempt }: Pick<StoredIntent, 'attempt'>,
): number => events.filter((one) => one.event === 'refresh_ended' && one.attempt === attempt).length
