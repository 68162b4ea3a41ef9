import type { Dispatcher } from 'undici'
import { OutboundError, type OutboundReason, type OutboundResponse } from './outbound.ts'

/** Settles an exchange once, and knows whether anything can have been sent by then. */
export interface Outcome {
  /** Before the first byte is written. */
  start(controller: Dispatcher.DispatchController): void
  succeed(response: OutboundResponse): void
  fail(reason: OutboundReason): void
}

/** Creates the outcome of one exchange; `signal` ends it with `timeout`. */
export function createOutcome(
  signal: AbortSignal,
  resolve: (response: OutboundResponse) => void,
  reject: (error: OutboundError) => void,
): Outcome {
  let running: Dispatcher.DispatchController | undefined
  let settled = false

  const settle = (act: () => void): void => {
    if (settled) return
    settled = true
    signal.removeEventListener('abort', onAbort)
    act()
  }
  const fail = (reason: OutboundReason): void =>
    settle(() => {
      reject(new OutboundError(reason, running !== undefined))
      running?.abort(new Error(reason))
    })
  const onAbort = (): void => fail('timeout')
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()

  return {
    start(controller) {
      // Either nobody waits any more, or undici is about to write the same request a second time.
      if (settled || running !== undefined) controller.abort(new Error('not wanted'))
      else running = controller
    },
    succeed: (response) => settle(() => resolve(response)),
    fail,
  }
}
