import { newAttemptId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { Store } from '../vault/store.ts'
import { type BreakerMetrics, createAlarmReport } from './alarm-report.ts'
import { type Breaker, OPERATIONS, type Operation, type ProgramAlarm } from './breaker.ts'
import type { BreakerPolicy } from './breaker-transitions.ts'
import { createGuard, type Guard } from './guard.ts'
import { createSharedRecord, type SharedRecord } from './shared-record.ts'

/** The breaker of all programs, in one process. */
export interface OperatorBreaker extends Breaker {
  /** Everything that is held, as this process knows. */
  alarms(): readonly ProgramAlarm[]
  isHeld(programId: string, operation: Operation): boolean
  /** The guards that hold attempts. */
  holding(): readonly Guard[]
  /** Learns what replicas know already, and goes on listening to them. */
  start(): Promise<void>
  stop(): void
}

export interface OperatorBreakerDeps {
  readonly store: Store
  /** Those that are configured. Others are let pass: their calls end elsewhere. */
  readonly programIds: readonly string[]
  readonly policy: BreakerPolicy
  /** Programs of which one attempt is made for all connections: one refusal is enough. None when absent. */
  readonly isShared?: (programId: string) => boolean
  readonly clock: Clock
  readonly log: Log
  readonly metrics: BreakerMetrics
}

/** How often other replicas are listened to at least. */
const LISTEN_MS = 800

/** Creates the breaker over the store that replicas share. */
export function createOperatorBreaker(deps: OperatorBreakerDeps): OperatorBreaker {
  const { store, programIds, clock, log, metrics } = deps
  const by = newAttemptId()
  const records: SharedRecord[] = []
  const guards = new Map<string, Guard>()
  const keyOf = (programId: string, operation: Operation) => `${operation}:${programId}`
  let isStopped = false

  for (const programId of programIds) {
    const policy = deps.isShared?.(programId) ? { ...deps.policy, threshold: 1 } : deps.policy
    const onChange = createAlarmReport({ programId, by, log, metrics })
    const record = createSharedRecord({ programId, store, policy, onChange, clock, log })
    records.push(record)
    for (const operation of OPERATIONS) {
      const guard = createGuard({ programId, operation, record, policy, by })
      guards.set(keyOf(programId, operation), guard)
    }
  }

  const guardOf = (programId: string, operation: Operation): Guard | undefined =>
    guards.get(keyOf(programId, operation))

  async function listen(): Promise<void> {
    await Promise.all(records.map((record) => record.freshen(0)))
  }

  async function goOnListening(): Promise<void> {
    const everyMs = Math.min(LISTEN_MS, deps.policy.probeIntervalMs / 2)
    for (;;) {
      await sleep(everyMs)
      if (isStopped) return
      await listen()
    }
  }

  function alarmOf(guard: Guard): readonly ProgramAlarm[] {
    const held = guard.alarm()
    if (held === undefined) return []
    const { programId, operation } = guard
    return [{ programId, operation, upstream: held.upstream, since: held.since }]
  }

  return {
    admit: async (programId, operation, connectionId) =>
      guardOf(programId, operation)?.admit(connectionId),
    refused: async (programId, operation, connectionId, upstream) =>
      guardOf(programId, operation)?.refused(connectionId, upstream),
    accepted: async (programId, operation, connectionId) =>
      guardOf(programId, operation)?.accepted(connectionId),
    alarm(programId) {
      const both = OPERATIONS.flatMap((operation) => guardOf(programId, operation) ?? [])
      return both.flatMap(alarmOf)[0] ?? null
    },
    alarms: () => [...guards.values()].flatMap(alarmOf),
    isHeld: (programId, operation) => guardOf(programId, operation)?.alarm() !== undefined,
    holding: () => [...guards.values()].filter((guard) => guard.alarm() !== undefined),

    async start() {
      await listen()
      void goOnListening()
    },
    stop() {
      isStopped = true
    },
  }
}
