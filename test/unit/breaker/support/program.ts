import type { Operation } from '../../../../src/breaker/breaker.ts'
import {
  newProgramRecord,
  type OperationState,
  type ProgramRecord,
  stateOf,
} from '../../../../src/breaker/breaker-record.ts'
import {
  applyEvent,
  type BreakerEvent,
  type BreakerPolicy,
} from '../../../../src/breaker/breaker-transitions.ts'
import type { UpstreamDetail } from '../../../../src/shared/errors.ts'

/** The moment at which every story here begins. */
export const T0 = 1_800_000_000_000

export const POLICY: BreakerPolicy = { threshold: 3, windowMs: 60_000, probeIntervalMs: 2_000 }

export const WRONG_SECRET: UpstreamDetail = {
  service: 'samsung-account',
  status: 400,
  code: 'AUT_1702',
}

/** A program to which things happen at times of their own, and what is known of its renewals. */
export interface Story {
  readonly record: () => ProgramRecord
  readonly state: (operation?: Operation) => OperationState
  /** Applies an event; whether it changed anything. */
  happens(event: BreakerEvent, now?: number): boolean
  refused(connectionId: string, now?: number, upstream?: UpstreamDetail): boolean
  accepted(connectionId: string, now?: number): boolean
}

export function aStory(policy: BreakerPolicy = POLICY): Story {
  let record = newProgramRecord('emm-eu')

  function happens(event: BreakerEvent, now = T0): boolean {
    const next = applyEvent(record, event, now, policy)
    const isChanged = next !== record
    record = next
    return isChanged
  }

  return {
    record: () => record,
    state: (operation = 'refresh') => stateOf(record, operation),
    happens,
    refused: (connectionId, now, upstream = WRONG_SECRET) =>
      happens({ kind: 'refused', operation: 'refresh', connectionId, upstream, by: 'p1' }, now),
    accepted: (connectionId, now) =>
      happens({ kind: 'accepted', operation: 'refresh', connectionId, by: 'p2' }, now),
  }
}

/** The same, held since {@link T0} because of connections a, b and c. */
export function aHeldStory(policy: BreakerPolicy = POLICY): Story {
  const story = aStory(policy)
  for (const connectionId of ['a', 'b', 'c']) story.refused(connectionId)
  return story
}
