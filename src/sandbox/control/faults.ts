import type { Target } from '../record.ts'

/**
 * Keeps the caller waiting for `ms`.
 *
 * - `delay`: waits, then acts and answers as usual, even if the caller has left meanwhile.
 * - `delay_after_effect`: acts, then waits before the first byte, as long as the caller does.
 */
export interface DelayAction {
  readonly kind: 'delay' | 'delay_after_effect'
  readonly ms: number
}

/** Answers without acting. */
export interface StatusAction {
  readonly kind: 'status'
  readonly status: number
  /** Sent as it is when it is a text, else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with an error in the endpoint's own shape, without acting. */
export interface CodeAction {
  readonly kind: 'code'
  readonly code: number | string
  readonly message: string
  readonly status: number
}

/**
 * Spoils the connection or the answer.
 *
 * - `reset`: closes the socket without acting.
 * - `reset_after_effect`: acts, then closes the socket without a byte of an answer.
 * - `headers_only`: acts, sends the head of the whole answer, then closes the socket.
 * - `half_body`: acts, announces the whole answer, sends half of it, then closes the socket.
 * - `malformed`: acts, and answers with a body that is not what its content type says.
 */
export interface SpoilAction {
  readonly kind: 'reset' | 'reset_after_effect' | 'headers_only' | 'half_body' | 'malformed'
}

/** Acts, sends the head at once, and the body one byte every `ms`. */
export interface DripAction {
  readonly kind: 'drip'
  readonly ms: number
}

export type FaultAction = DelayAction | StatusAction | CodeAction | SpoilAction | DripAction

/** One scripted fault: the next `times` requests to `on` meet it. */
export interface Fault {
  readonly on: Target
  readonly times: number
  readonly do: FaultAction
}

/**
 * Takes what the next request to a target has to suffer, oldest fault first, and removes a fault
 * that is used up.
 */
export function takeFault(faults: Fault[], on: Target): FaultAction | null {
  const at = faults.findIndex((fault) => fault.on === on)
  const fault = faults[at]
  if (fault === undefined) return null
  if (fault.times > 1) faults.splice(at, 1, { ...fault, times: fault.times - 1 })
  else faults.splice(at, 1)
  return fault.do
}
