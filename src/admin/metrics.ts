import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AuditState } from '../audit/audit.ts'
import type { BreakerMetrics } from '../breaker/alarm-report.ts'
import type { LimitMetrics } from '../limits/refusals.ts'
import type { ProxyMetrics } from '../proxy/report.ts'
import { REFRESH_OUTCOMES, type RefreshOutcome, type VaultMetrics } from '../vault/outcomes.ts'
import { CONNECTION_STATUSES, type ConnectionStatus } from '../vault/status.ts'
import { STORE_RISKS, type StoreRisk } from '../vault/store.ts'
import type { PrimaryObserver } from '../vault/store-redis-alarms.ts'
import { registerAlarmMetrics } from './alarm-metrics.ts'
import { registerAuditMetrics } from './audit-metrics.ts'
import { registerClockMetrics } from './clock-metrics.ts'
import type { ClockSkew, ClockState } from './clock-report.ts'
import { registerLimitMetrics } from './limit-metrics.ts'
import { type ProgramMetrics, registerProgramMetrics } from './program-metrics.ts'
import type { ProgramState } from './program-report.ts'
import { registerProxyMetrics } from './proxy-metrics.ts'
import { registerStoreMetrics } from './store-metrics.ts'

/** How many connections there are, by program and status. */
export type ConnectionCounts = ReadonlyMap<string, ReadonlyMap<ConnectionStatus, number>>

export interface Metrics {
  readonly vault: VaultMetrics
  readonly breaker: BreakerMetrics
  readonly credentials: ProgramMetrics
  readonly store: (operation: string, outcome: string, durationMs: number) => void
  /** What endangers stored data now; waived or not. */
  readonly storeRisks: (risks: readonly StoreRisk[]) => void
  readonly storePrimaries: PrimaryObserver
  /** How to find out what is made of Samsung's clock. */
  readonly clock: (state: () => ClockState) => void
  /** How to find out how many new token sets are held that could not be stored yet. */
  readonly uncommitted: (count: () => number) => void
  /** How to find out how many connections are known that cannot be opened. */
  readonly unreadable: (count: () => number) => void
  /** How to find out how it stands with the audit trail. */
  readonly audit: (state: () => AuditState) => void
  /** What callers were refused. */
  readonly limits: LimitMetrics
  /** What was passed on to Knox. */
  readonly proxy: ProxyMetrics
  /** How to find out how many requests are in work. */
  readonly requestsInWork: (count: () => number) => void
  /** How to find out what programs sign and identify themselves with. */
  readonly programs: (states: () => readonly ProgramState[]) => void
  /** Requests to Samsung that are neither a refresh nor an exchange count here as well. */
  readonly connections: (counts: ConnectionCounts) => void
  /** Refresh outcomes since the start, for verbose readiness. */
  refreshOutcomes(): Readonly<Record<RefreshOutcome, number>>
  /** The text of `/metrics` and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

export interface MetricsDeps {
  readonly programs: readonly {
    readonly id: string
    readonly legacyRsa: boolean
    readonly products: readonly string[]
  }[]
  readonly skews: () => readonly ClockSkew[]
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Creates the metrics of one process. Labels hold configured names and closed lists only. */
export function createMetrics({ programs, skews }: MetricsDeps): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  collectDefaultMetrics({ register: registry, prefix: 'knoxgate_' })
  const refreshes = new Counter({
    name: 'knoxgate_refresh_total',
    help: 'Attempts to renew a Samsung token set, by how they ended',
    labelNames: ['program', 'outcome'],
    registers,
  })
  const exchange = new Histogram({
    name: 'knoxgate_exchange_duration_seconds',
    help: 'Time to make one Knox token: signing, the exchange, signing',
    labelNames: ['program', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const storeTime = new Histogram({
    name: 'knoxgate_store_operation_duration_seconds',
    help: 'Time of one operation on the store',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  })
  const connections = new Gauge({
    name: 'knoxgate_connections',
    help: 'Connections by program and status, as of the last sweep',
    labelNames: ['program', 'status'],
    registers,
  })
  const unsafe = new Gauge({
    name: 'knoxgate_store_unsafe',
    help: '1 for a reason why the store may lose what it is given',
    labelNames: ['reason'],
    registers,
  })
  const storePrimaries = registerStoreMetrics(registers)
  let clockState = (): ClockState => ({ skewMs: null, correctionMs: 0, beyondLimit: false })
  registerClockMetrics(registers, skews, () => clockState())
  const breaker = registerAlarmMetrics(
    registers,
    programs.map(({ id }) => id),
  )
  let auditState = (): AuditState => ({ failing: false, waiting: 0, lost: 0 })
  registerAuditMetrics(registers, () => auditState())
  let inWork = (): number => 0
  const limits = registerLimitMetrics(registers, () => inWork())
  let held = (): number => 0
  new Gauge({
    name: 'knoxgate_uncommitted_rotations',
    help: 'New token sets that are in this process only, because the store could not take them yet',
    registers,
    collect() {
      this.set(held())
    },
  })
  let closed = (): number => 0
  new Gauge({
    name: 'knoxgate_unreadable_records',
    help: 'Connections that this process has found it cannot open',
    registers,
    collect() {
      this.set(closed())
    },
  })
  let programStates = (): readonly ProgramState[] => []
  const credentials = registerProgramMetrics(registers, programs, () => programStates())
  for (const { id } of programs) {
    for (const outcome of REFRESH_OUTCOMES) refreshes.inc({ program: id, outcome }, 0)
    for (const status of CONNECTION_STATUSES) connections.set({ program: id, status }, 0)
  }
  const totals = new Map<RefreshOutcome, number>(REFRESH_OUTCOMES.map((outcome) => [outcome, 0]))

  return {
    vault: {
      refresh(program, outcome) {
        refreshes.inc({ program, outcome })
        totals.set(outcome, (totals.get(outcome) ?? 0) + 1)
      },
      mint: (program, outcome, ms) => exchange.observe({ program, outcome }, ms / 1000),
    },
    breaker,
    credentials,
    store: (operation, outcome, ms) => storeTime.observe({ operation, outcome }, ms / 1000),
    storeRisks(risks) {
      for (const reason of STORE_RISKS) unsafe.set({ reason }, risks.includes(reason) ? 1 : 0)
    },
    storePrimaries,
    clock(state) {
      clockState = state
    },
    uncommitted(count) {
      held = count
    },
    unreadable(count) {
      closed = count
    },
    audit(state) {
      auditState = state
    },
    limits,
    proxy: registerProxyMetrics(registers, programs),
    requestsInWork(count) {
      inWork = count
    },
    programs(states) {
      programStates = states
    },
    connections(counts) {
      for (const { id } of programs)
        for (const status of CONNECTION_STATUSES)
          connections.set({ program: id, status }, counts.get(id)?.get(status) ?? 0)
    },
    refreshOutcomes: () => Object.fromEntries(totals) as Record<RefreshOutcome, number>,
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
