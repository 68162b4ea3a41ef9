import type { Log } from '../shared/log.ts'
import { OPERATIONS, type Operation } from './breaker.ts'
import { type ProgramRecord, stateOf } from './breaker-record.ts'

/** Where the breaker reports what it holds. */
export interface BreakerMetrics {
  /** Whether attempts of a kind are held now, as this process knows. */
  alarm(programId: string, operation: Operation, isOn: boolean): void
  /** This process has raised an alarm. */
  alarmRaised(programId: string): void
}

export interface AlarmReportDeps {
  readonly programId: string
  /** Names this process in what it writes. */
  readonly by: string
  readonly log: Log
  readonly metrics: BreakerMetrics
}

/** Tells of what has changed in a program's record. */
export type ReportAlarms = (before: ProgramRecord, after: ProgramRecord) => void

/**
 * Creates the reporter of one program. Every process shows what it knows; an event is told once, by the
 * process that brought it about, also when it learns of its own write only later.
 */
export function createAlarmReport(deps: AlarmReportDeps): ReportAlarms {
  const { programId, by, log, metrics } = deps

  function report(operation: Operation, before: ProgramRecord, after: ProgramRecord): void {
    const [old, now] = [stateOf(before, operation), stateOf(after, operation)]
    metrics.alarm(programId, operation, now.alarm !== undefined)
    const isOver = now.ended !== undefined && now.ended.at !== old.ended?.at
    if (isOver && now.ended?.endedBy === by)
      log.info('operator_alarm_over', { programId, operation })
    const isNew = now.alarm !== undefined && now.alarm.since !== old.alarm?.since
    if (!isNew || now.alarm?.raisedBy !== by) return
    const { status, code } = now.alarm.upstream
    log.error('operator_alarm', {
      programId,
      operation,
      upstreamStatus: status,
      upstreamCode: code,
    })
    metrics.alarmRaised(programId)
  }

  return (before, after) => {
    for (const operation of OPERATIONS) report(operation, before, after)
  }
}
