import { Gauge, type Registry } from 'prom-client'
import type { AuditState } from '../audit/audit.ts'

/** Registers the metrics of the trail. */
export function registerAuditMetrics(registers: Registry[], state: () => AuditState): void {
  new Gauge({
    name: 'knoxgate_audit_failing',
    help: '1 while the audit trail cannot be written',
    registers,
    collect() {
      this.set(state().failing ? 1 : 0)
    },
  })
  new Gauge({
    name: 'knoxgate_audit_waiting',
    help: 'Entries of the audit trail that are in this process only',
    registers,
    collect() {
      this.set(state().waiting)
    },
  })
  new Gauge({
    name: 'knoxgate_audit_lost',
    help: 'Entries of the audit trail that this process has given up',
    registers,
    collect() {
      this.set(state().lost)
    },
  })
}
