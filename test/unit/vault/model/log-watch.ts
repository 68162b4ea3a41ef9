import { createLog, type Log } from '../../../../src/shared/log.ts'
import { encodingsOf } from '../../../support/canary.ts'
import type { Process } from './process.ts'
import type { Report } from './report.ts'
import { MARKER } from './samsung-truth.ts'

const SECRETS = [...encodingsOf(Buffer.from(MARKER)).values()]

/** Whether a text holds a token or an address, in whatever way it is written. */
export const givesAway = (text: string): boolean => SECRETS.some((one) => text.includes(one))

export interface LogWatch {
  /** The log of a process. One that has ended says no more. */
  logOf(process: Process): Log
  /** Whether this process has just called what it is about to do a recovery. Forgets it. */
  takeRecovery(process: Process, connectionId: string): boolean
}

export interface LogWatchDeps {
  readonly report: Report
  readonly onRecovery: (connectionId: string, attempt: string) => void
}

interface Line {
  readonly event: string
  readonly connectionId?: string
  readonly attempt?: string
  readonly outcome?: string
  readonly error?: { readonly type?: string; readonly code?: string }
}

/** Errors of the service's own making, which say what is wrong outside of it. */
const EXPECTED_ERRORS: readonly (string | undefined)[] = [undefined, 'ServiceError']

export function createLogWatch({ report, onRecovery }: LogWatchDeps): LogWatch {
  const recoveries = new Map<Process, string>()
  const ended = new Set<string>()

  function read(process: Process, text: string): void {
    const { event, connectionId = '', attempt, outcome = '', error } = JSON.parse(text) as Line
    report.count(outcome === '' ? event : `${event} ${outcome}`)
    report.trace(process.name, `${event} ${connectionId.slice(-1)} ${outcome} ${error?.code ?? ''}`)
    if (givesAway(text)) report.problem(`a log line gives away a secret: ${event}`)
    if (!EXPECTED_ERRORS.includes(error?.type)) report.problem(`an unexpected error: ${text}`)
    if (event === 'recovery_begun' && attempt !== undefined) {
      recoveries.set(process, connectionId)
      onRecovery(connectionId, attempt)
    }
    if (event !== 'refresh_ended' || attempt === undefined) return
    if (ended.has(attempt)) report.problem('an attempt was reported to have ended twice')
    ended.add(attempt)
  }

  return {
    logOf: (process) =>
      createLog('debug', {
        write: (line) => {
          if (process.end() === null) read(process, line)
        },
      }),

    takeRecovery(process, connectionId) {
      const isRecovery = recoveries.get(process) === connectionId
      recoveries.delete(process)
      return isRecovery
    },
  }
}
