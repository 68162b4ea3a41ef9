import type { UpstreamDetail } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import { type Operation, ProgramHeldError } from './breaker.ts'
import { alarmIn, type StoredAlarm, stateOf } from './breaker-record.ts'
import { type BreakerPolicy, nextProbeAt } from './breaker-transitions.ts'
import { type Candidates, createCandidates } from './candidates.ts'
import type { SharedRecord } from './shared-record.ts'

/** Stands in front of one use of one program's credentials, in one process. */
export interface Guard {
  readonly programId: string
  readonly operation: Operation
  /** What holds attempts, as this process knows. */
  alarm(): StoredAlarm | undefined
  /** @throws ProgramHeldError */
  admit(connectionId: string): Promise<void>
  refused(connectionId: string, upstream: UpstreamDetail): Promise<void>
  accepted(connectionId: string): Promise<void>
  readonly probing: Probing
}

/** How it is found out that an alarm is over. */
export interface Probing {
  /** Whether the one attempt of this interval is still to be made, by the store's clock; asks the store. */
  isDue(): Promise<boolean>
  /** Connections whose attempts could tell, those first whose turn it is. */
  candidates(): readonly string[]
  /** This one cannot tell now: it is another's turn. */
  defer(connectionId: string): void
  /** This one cannot tell any more. */
  passOver(connectionId: string): Promise<void>
  /** Ends the alarm, if nobody is left who was refused. */
  giveUp(): Promise<void>
  /** Takes this interval's attempt. @returns false when another process has @throws ServiceError `store_*` */
  claim(): Promise<boolean>
  /** Makes an attempt, for which this connection is let through. @throws What the attempt throws */
  attempt(connectionId: string, make: () => Promise<unknown>): Promise<void>
}

/** While nothing is held, what the store said is believed for so long. */
const CLOSED_AGE_MS = 1000
/** While attempts are held; so their callers go on soon after the end. */
const HELD_AGE_MS = 250

export interface GuardDeps {
  readonly programId: string
  readonly operation: Operation
  readonly record: SharedRecord
  readonly policy: BreakerPolicy
  /** Names this process in what it writes. */
  readonly by: string
}

/** Creates the guard of one operation over its program's record. */
export function createGuard({ programId, operation, record, policy, by }: GuardDeps): Guard {
  const candidates = createCandidates()
  /** The alarm to which the candidates belong: what was held by an earlier one may be fine now. */
  let candidatesSince: EpochMs | undefined
  /** Connections that are let through. */
  const probed = new Set<string>()

  const alarm = () => alarmIn(record.known(), operation)

  function candidatesOf({ since }: StoredAlarm): Candidates {
    if (since !== candidatesSince) candidates.clear()
    candidatesSince = since
    return candidates
  }

  function untilNextProbe(held: StoredAlarm): number {
    const seconds = Math.ceil((nextProbeAt(held, policy) - record.storeNow()) / 1000)
    return Math.max(1, seconds)
  }

  const probing: Probing = {
    async isDue() {
      if (!(await record.freshen(0))) return false
      const held = alarm()
      return held !== undefined && record.storeNow() >= nextProbeAt(held, policy)
    },
    candidates() {
      const held = alarm()
      if (held === undefined) return []
      const { failures } = stateOf(record.known(), operation)
      return candidatesOf(held).inTurn(failures.map(({ connectionId }) => connectionId))
    },
    defer: candidates.tried,
    async passOver(connectionId) {
      candidates.drop(connectionId)
      await record.note({ kind: 'passed_over', operation, connectionId })
    },
    giveUp: () => record.note({ kind: 'given_up', operation, by }),
    claim: () => record.claim({ kind: 'probe_claimed', operation }),

    async attempt(connectionId, make) {
      candidates.tried(connectionId)
      probed.add(connectionId)
      try {
        await make()
      } finally {
        probed.delete(connectionId)
      }
    },
  }

  return {
    programId,
    operation,
    alarm,
    probing,

    async admit(connectionId) {
      if (probed.has(connectionId)) return
      const maxAgeMs = alarm() === undefined ? CLOSED_AGE_MS : HELD_AGE_MS
      // Without the store nothing is known; who goes on meets that soon enough.
      if (!(await record.freshen(maxAgeMs))) return
      const held = alarm()
      if (held === undefined) return
      candidatesOf(held).held(connectionId)
      throw new ProgramHeldError(held.upstream, untilNextProbe(held))
    },

    refused: (connectionId, upstream) =>
      record.note({ kind: 'refused', operation, connectionId, upstream, by }),
    accepted: (connectionId) => record.note({ kind: 'accepted', operation, connectionId, by }),
  }
}
