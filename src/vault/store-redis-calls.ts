import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { within } from '../shared/time.ts'
import { classifyFailure, type RedisFailure } from './redis-errors.ts'
import type { WriteResult } from './store.ts'

/** What a call to the store was for. References and walks over all keys count as index. */
export type StoreOperation = 'read' | 'version' | 'write' | 'index' | 'ping'

/** Told of every call when it is over; `error` is also a write whose outcome is not known. */
export type ObserveStore = (
  operation: StoreOperation,
  outcome: 'ok' | 'error',
  durationMs: number,
) => void

export interface RedisCallerDeps {
  readonly log: Log
  readonly observe?: ObserveStore
}

export interface RedisCallerOptions extends RedisCallerDeps {
  /**
   * After so long a call is over, whatever the client does. Absent: the client itself sees to that, as
   * long as it tries one server only.
   */
  readonly deadlineMs?: number
}

const LATE = Symbol('late')

/** Runs every call: measures it, and lets no error of ioredis out, since they hold what was written. */
export interface RedisCaller {
  /** @throws ServiceError `store_unavailable` for whatever `work` throws. */
  call<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T>
  /** @throws ServiceError `store_unavailable` for whatever `work` throws. */
  write(work: () => Promise<WriteResult>): Promise<WriteResult>
  /** Logs what the server refused; losses of the connection are logged where they happen. */
  report(failure: RedisFailure): void
}

export function createRedisCaller({ log, observe, deadlineMs }: RedisCallerOptions): RedisCaller {
  const report = ({ byServer, reason }: RedisFailure): void => {
    if (byServer) log.warn('store_refused', { reason })
  }

  async function run<T>(
    operation: StoreOperation,
    work: () => Promise<T>,
    isKnown: (answer: T) => boolean,
  ): Promise<T> {
    const startedAt = performance.now()
    const done = (ok: boolean): void =>
      observe?.(operation, ok ? 'ok' : 'error', performance.now() - startedAt)
    try {
      const answer = await work()
      done(isKnown(answer))
      return answer
    } catch (error) {
      done(false)
      if (error instanceof ServiceError) throw error
      report(classifyFailure(error))
      throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    }
  }

  async function inTime<T>(work: Promise<T>): Promise<T> {
    if (deadlineMs === undefined) return work
    const answer = await within<T | typeof LATE>(deadlineMs, work, LATE)
    if (answer === LATE) throw new ServiceError('store_unavailable', { retryAfterSeconds: 1 })
    return answer
  }

  return {
    call: (operation, work) =>
      run(
        operation,
        () => inTime(work()),
        () => true,
      ),
    write: (work) => run('write', work, ({ outcome }) => outcome !== 'ambiguous'),
    report,
  }
}
