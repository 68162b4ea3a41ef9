import type { UpstreamDetail } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'
import type { Operation } from './breaker.ts'
import {
  type OperationState,
  type ProgramRecord,
  type StoredAlarm,
  stateOf,
} from './breaker-record.ts'

export interface BreakerPolicy {
  /** So many connections must be refused alike. */
  readonly threshold: number
  /** Within so long. */
  readonly windowMs: number
  readonly probeIntervalMs: number
}

/** What has come to be known about one use of a program's credentials; `by` names the process. */
export type BreakerEvent = { readonly operation: Operation } & (
  | {
      readonly kind: 'refused'
      readonly connectionId: string
      readonly upstream: UpstreamDetail
      readonly by: string
    }
  | { readonly kind: 'accepted'; readonly connectionId: string; readonly by: string }
  /** A process is about to make the one attempt of this interval. */
  | { readonly kind: 'probe_claimed' }
  /** The connection cannot tell any more whether we are refused: it is gone, frozen or has ended. */
  | { readonly kind: 'passed_over'; readonly connectionId: string }
  /** Nobody is left whose attempt could tell. */
  | { readonly kind: 'given_up'; readonly by: string }
)

/** Above the largest threshold there may be. */
const MAX_FAILURES = 64
/** While held, no more are needed than there can be taken turns. */
const ENOUGH_FAILURES = 16
const MAX_CONTRADICTED = 64

/** What makes two refusals the same: Samsung's code, else the status. */
const codeOf = ({ code, status }: UpstreamDetail): string => code ?? `status_${status ?? 'none'}`

/** When the next attempt is due that sees whether an alarm is over. */
export const nextProbeAt = (alarm: StoredAlarm, { probeIntervalMs }: BreakerPolicy): EpochMs =>
  alarm.probedAt + probeIntervalMs

/**
 * Applies an event.
 *
 * @param now - The store's clock.
 * @returns The same object when it changes nothing.
 */
export function applyEvent(
  record: ProgramRecord,
  event: BreakerEvent,
  now: EpochMs,
  policy: BreakerPolicy,
): ProgramRecord {
  const state = stateOf(record, event.operation)
  const next = stateAfter(state, event, now, policy)
  if (next === state) return record
  return { ...record, operations: { ...record.operations, [event.operation]: next } }
}

function stateAfter(
  state: OperationState,
  event: BreakerEvent,
  now: EpochMs,
  policy: BreakerPolicy,
): OperationState {
  switch (event.kind) {
    case 'refused':
      return afterRefusal(state, event, now, policy)
    case 'accepted':
      return afterAcceptance(state, event, now, policy)
    case 'probe_claimed':
      return state.alarm === undefined || now < nextProbeAt(state.alarm, policy)
        ? state
        : { ...state, alarm: { ...state.alarm, probedAt: now } }
    case 'passed_over':
      return without(state, event.connectionId)
    case 'given_up':
      return state.alarm === undefined || state.failures.length > 0
        ? state
        : endAlarm(state, event.by, now)
  }
}

type At = { readonly at: EpochMs }
const recent = <T extends At>(list: readonly T[], now: EpochMs, { windowMs }: BreakerPolicy): T[] =>
  list.filter(({ at }) => now - at < windowMs)

function afterRefusal(
  state: OperationState,
  { connectionId, upstream, by }: Extract<BreakerEvent, { kind: 'refused' }>,
  now: EpochMs,
  policy: BreakerPolicy,
): OperationState {
  const { alarm } = state
  const contradicted = recent(state.contradicted, now, policy)
  if (contradicted.some((one) => one.connectionId === connectionId)) return state
  const others = state.failures.filter((one) => one.connectionId !== connectionId)
  const isNew = others.length === state.failures.length
  if (alarm !== undefined && isNew && others.length >= ENOUGH_FAILURES) return state
  // While held nobody else is asked, so that old refusals stand as long as the alarm does.
  const standing = alarm === undefined ? recent(others, now, policy) : others
  const failure = { connectionId, code: codeOf(upstream), at: now }
  const failures = [...standing, failure].slice(-MAX_FAILURES)
  const next = { ...state, failures, contradicted }
  // What is wrong may change while it is being mended: the newest words are told.
  if (alarm !== undefined) return { ...next, alarm: { ...alarm, upstream: shared(upstream) } }
  const alike = failures.filter(({ code }) => code === failure.code).length
  if (alike < policy.threshold) return next
  const raised = { upstream: shared(upstream), since: now, raisedBy: by, probedAt: now }
  return { ...next, alarm: raised }
}

/** What every connection of the program is told; an `errorId` belongs to one customer's request. */
function shared({ service, status, code, message }: UpstreamDetail): StoredAlarm['upstream'] {
  return {
    service,
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  }
}

/** One that is accepted ends the alarm, and speaks against all others that were just refused. */
function afterAcceptance(
  state: OperationState,
  { connectionId, by }: Extract<BreakerEvent, { kind: 'accepted' }>,
  now: EpochMs,
  policy: BreakerPolicy,
): OperationState {
  const isBlamed = state.contradicted.some((one) => one.connectionId === connectionId)
  if (state.alarm === undefined && state.failures.length === 0 && !isBlamed) return state
  const refuted = recent(state.failures, now, policy).map((one) => ({ ...one, at: now }))
  const contradicted = [...recent(state.contradicted, now, policy), ...refuted]
    .filter((one) => one.connectionId !== connectionId)
    .map(({ connectionId: id, at }) => ({ connectionId: id, at }))
    .slice(-MAX_CONTRADICTED)
  return endAlarm({ ...state, failures: [], contradicted }, by, now)
}

function endAlarm(state: OperationState, endedBy: string, now: EpochMs): OperationState {
  const { alarm, ...rest } = state
  return alarm === undefined ? rest : { ...rest, ended: { at: now, endedBy } }
}

function without(state: OperationState, connectionId: string): OperationState {
  const failures = state.failures.filter((one) => one.connectionId !== connectionId)
  return failures.length === state.failures.length ? state : { ...state, failures }
}
