import type { ServerResponse } from 'node:http'
import { ServiceError } from '../shared/errors.ts'

/** Sees that a call ends: when nothing moves, when it takes too long, when its client has left. */
export interface Watch {
  /** Aborted when the call is to end. */
  readonly signal: AbortSignal
  /** Something has moved. */
  touch(): void
  /** Ends the call with an error of ours. */
  fail(error: ServiceError): void
  /** Why it was ended; null while it was not. A client that left is told nothing, whatever this is. */
  failure(): ServiceError | null
}

export interface WatchTimes {
  /** The longest time in which nothing moves. */
  readonly idleMs: number
  readonly totalMs: number
}

/** Begins to watch; ends by itself when the answer is out. */
export function createWatch(res: ServerResponse, { idleMs, totalMs }: WatchTimes): Watch {
  const controller = new AbortController()
  let failure: ServiceError | null = null

  function fail(error: ServiceError): void {
    failure ??= error
    controller.abort()
  }
  const late = (setting: string) => () =>
    fail(new ServiceError('upstream_timeout', { detail: `the limit is ${setting}` }))
  const idle = setTimeout(late('proxy.timeout'), idleMs)
  const total = setTimeout(late('proxy.total_timeout'), totalMs)
  res.once('close', () => {
    clearTimeout(idle)
    clearTimeout(total)
    if (!res.writableFinished) fail(new ServiceError('malformed_request'))
  })

  return {
    signal: controller.signal,
    touch: () => void idle.refresh(),
    fail,
    failure: () => failure,
  }
}
