import { ServiceError } from '../shared/errors.ts'
import { type Detached, detach } from '../shared/store-time.ts'

/** Lets the callers of one process share one piece of work per key. */
export interface Flights<T> {
  /**
   * Joins the work under `key`, or starts it. The work goes on when its callers stop waiting: a
   * refresh must not end because a browser went away.
   *
   * @param waitMs - How long this caller waits.
   * @throws ServiceError `refresh_in_progress` when the work takes longer; `store_unavailable` when
   *   this caller cannot wait for the store any longer; or what the work throws
   */
  join(key: string, work: () => Promise<T>, waitMs: number): Promise<T>
  /** Starts the work unless it is under way, and does not wait. Failures go to `onError`. */
  start(key: string, work: () => Promise<T>, onError: (error: unknown) => void): void
  /** How many pieces of work are under way. */
  size(): number
  /** Resolves when all work under way has ended, however it ended. */
  idle(): Promise<void>
}

/** Creates an empty set of flights. */
export function createFlights<T>(): Flights<T> {
  const running = new Map<string, Detached<T>>()

  function fly(key: string, work: () => Promise<T>): Detached<T> {
    const joined = running.get(key)
    if (joined !== undefined) return joined
    const flight = detach(() => work().finally(() => running.delete(key)))
    running.set(key, flight)
    return flight
  }

  return {
    join: (key, work, waitMs) => waitAtMost(fly(key, work).join(), waitMs),
    start(key, work, onError) {
      if (!running.has(key)) fly(key, work).done.catch(onError)
    },
    size: () => running.size,
    async idle() {
      while (running.size > 0)
        await Promise.allSettled([...running.values()].map(({ done }) => done))
    },
  }
}

/** Waits for a promise, but no longer than `waitMs`; the promise itself goes on. */
function waitAtMost<T>(promise: Promise<T>, waitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ServiceError('refresh_in_progress', { retryAfterSeconds: 1 })),
      waitMs,
    )
    const end = () => clearTimeout(timer)
    promise.then(resolve, reject).finally(end)
  })
}
