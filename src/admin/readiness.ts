import type { AuditState } from '../audit/audit.ts'
import type { ProgramAlarm } from '../breaker/breaker.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import { advisoryOf } from '../vault/redis-advisories.ts'
import type { StoreFacts } from '../vault/store.ts'
import { alarmFields, alarmWarnings } from './alarms.ts'
import { auditFields, auditWarnings } from './audit-report.ts'
import { type ClockSkew, type ClockState, clockFields, clockWarnings } from './clock-report.ts'
import { type ProgramState, programFields, programWarnings } from './program-report.ts'

/** Where the process is in its life; it serves while `running`. */
export type Phase = 'starting' | 'running' | 'draining'

export interface ReadinessDeps {
  readonly phase: () => Phase
  /** Answers when the store does. */
  readonly pingStore: () => Promise<void>
  readonly describeStore: () => Promise<StoreFacts>
  /** Whether the ring still opens what was sealed with it. */
  readonly keyRing: {
    readonly opens: boolean
    readonly activeKid: string
    readonly kids: readonly string[]
    /** Keys that the ring lacks and that records may still need. */
    readonly missing: readonly string[]
  }
  readonly programs: () => readonly ProgramState[]
  readonly skews: () => readonly (ClockSkew & { readonly observedAt: EpochMs })[]
  readonly clockState: () => ClockState
  /** Hosts of the configuration that are not called, for the addresses they have. */
  readonly refusedHosts: () => readonly string[]
  readonly alarms: () => readonly ProgramAlarm[]
  readonly refreshOutcomes: () => Readonly<Record<string, number>>
  /** How many new token sets are in this process only. */
  readonly uncommitted: () => number
  readonly audit: () => AuditState
  readonly warnings: readonly string[]
  readonly clock: Clock
  readonly version: string
}

export interface Readiness {
  /** Whether traffic should come here. Samsung's state never decides: its outage must not drain us. */
  isReady(): Promise<boolean>
  /** The same for an operator, with everything known; names, numbers and booleans only. */
  report(): Promise<{ readonly ready: boolean; readonly body: object }>
}

/** The end of this process would be their end. */
const heldWarnings = (count: number): readonly string[] =>
  count === 0
    ? []
    : [`new token sets that the store could not take yet are in this process only: ${count}`]

/** The remedy is the key itself, or to wrap again what needs it. */
const missingWarnings = (kids: readonly string[]): readonly string[] =>
  kids.map((kid) => `vault key ${kid} is missing, and stored records may still need it`)

/** A program that points inward, by mistake or by somebody else's name server. */
const refusedWarnings = (hosts: readonly string[]): readonly string[] =>
  hosts.map(
    (host) => `${host} is not called: its address is not public, nor in upstream.allowed_addresses`,
  )

const advisoryWarnings = (facts: Parameters<typeof advisoryOf>[0]): readonly string[] => {
  const advisory = advisoryOf(facts)
  return advisory === null ? [] : [advisory]
}

/** A readiness probe waits no longer than this for the store. */
const PING_MS = 800

/** Creates the probes behind `/readyz`. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  async function storeAnswers(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, PING_MS, false)
    })
    const answered = deps.pingStore().then(
      () => true,
      () => false,
    )
    return Promise.race([answered, late]).finally(() => clearTimeout(timer))
  }

  async function isReady(): Promise<boolean> {
    return deps.phase() === 'running' && deps.keyRing.opens && (await storeAnswers())
  }

  return {
    isReady,

    async report() {
      const startedAt = deps.clock()
      const answers = await storeAnswers()
      const latencyMs = deps.clock() - startedAt
      const { warnings: storeWarnings, ...facts } = answers
        ? await deps.describeStore()
        : { warnings: ['the store does not answer'] }
      const ring = deps.keyRing
      const ready = deps.phase() === 'running' && ring.opens && answers
      const skews = deps.skews()
      const clockState = deps.clockState()
      const alarms = deps.alarms()
      const uncommitted = deps.uncommitted()
      const audit = deps.audit()
      const programs = deps.programs()
      const body = {
        status: ready ? 'ready' : 'not_ready',
        phase: deps.phase(),
        version: deps.version,
        store: { answers, latency_ms: latencyMs, ...facts },
        key_ring: {
          opens: ring.opens,
          active: ring.activeKid,
          kids: ring.kids,
          missing: ring.missing,
        },
        ...programFields(programs),
        ...clockFields(skews, clockState),
        ...alarmFields(alarms),
        refresh_outcomes: deps.refreshOutcomes(),
        uncommitted_rotations: uncommitted,
        ...auditFields(audit),
        warnings: [
          ...deps.warnings,
          ...storeWarnings,
          ...advisoryWarnings(facts),
          ...clockWarnings(skews, clockState),
          ...refusedWarnings(deps.refusedHosts()),
          ...alarmWarnings(alarms),
          ...heldWarnings(uncommitted),
          ...missingWarnings(ring.missing),
          ...auditWarnings(audit),
          ...programWarnings(programs),
        ],
      }
      return { ready, body }
    },
  }
}
