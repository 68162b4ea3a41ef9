import { Counter, Gauge, type Registry } from 'prom-client'
import type { BreakerMetrics } from '../breaker/alarm-report.ts'
import { OPERATIONS } from '../breaker/breaker.ts'

/** Registers the metrics of the operator breaker, and returns what it reports to. */
export function registerAlarmMetrics(
  registers: Registry[],
  programIds: readonly string[],
): BreakerMetrics {
  const alarms = new Counter({
    name: 'knoxgate_operator_alarms_total',
    help: 'Times this process was the one to find that Samsung refuses the credentials of a program',
    labelNames: ['program'],
    registers,
  })
  const alarm = new Gauge({
    name: 'knoxgate_operator_alarm',
    help: '1 while attempts of a program are held because Samsung refuses its credentials',
    labelNames: ['program', 'operation'],
    registers,
  })
  for (const program of programIds) {
    alarms.inc({ program }, 0)
    for (const operation of OPERATIONS) alarm.set({ program, operation }, 0)
  }
  return {
    alarm: (program, operation, isOn) => alarm.set({ program, operation }, isOn ? 1 : 0),
    alarmRaised: (program) => alarms.inc({ program }),
  }
}
