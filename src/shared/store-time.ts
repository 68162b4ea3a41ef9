import { AsyncLocalStorage } from 'node:async_hooks'
import { ServiceError } from './errors.ts'
import { createBudget, createMeter, type TimeAccount } from './time-account.ts'

const accounts = new AsyncLocalStorage<TimeAccount>()

const tooSlow = (): ServiceError =>
  new ServiceError('store_unavailable', {
    detail: 'it did not answer within the time that one request waits for it',
    retryAfterSeconds: 1,
  })

/**
 * Runs a request's work, and all it leads to, with at most `limitMs` of waiting for the store. Within
 * a limit that holds already, that one goes on.
 *
 * @param work - Is given how to lift the limit: what goes on when nobody waits any more has none.
 */
export function limitStoreTime<T>(limitMs: number, work: (lift: () => void) => T): T {
  const held = accounts.getStore()
  if (held !== undefined) return work(held.lift)
  const budget = createBudget(limitMs)
  return accounts.run(budget, work, budget.lift)
}

/** What a call to the store means to the account it is on. */
export interface StoreCall<T> {
  /** Whether an answer shows that the store is there. Absent: every answer does. */
  readonly isAnswer?: (answer: T) => boolean
  /** What its caller gets who cannot wait for the answer. Absent: `store_unavailable` is thrown. */
  readonly unanswered?: T
}

/**
 * Calls the store on the account of the work that this is part of, if it has one. The call goes on
 * when its caller has left.
 *
 * @throws ServiceError `store_unavailable` when no time is left, and then nothing is sent; or what the
 *   call throws
 */
export function spendStoreTime<T>(call: () => Promise<T>, terms: StoreCall<T> = {}): Promise<T> {
  const account = accounts.getStore()
  if (account === undefined) return call()
  const { isAnswer, unanswered } = terms
  return new Promise((resolve, reject) => {
    const leave = () => (unanswered === undefined ? reject(tooSlow()) : resolve(unanswered))
    const end = account.begin(leave)
    if (end === null) return reject(tooSlow())
    call().then(
      (answer) => {
        end(isAnswer === undefined || isAnswer(answer))
        resolve(answer)
      },
      (error: unknown) => {
        end(false)
        reject(error)
      },
    )
  })
}

/** Work that goes on whether or not anybody waits for it. */
export interface Detached<T> {
  readonly done: Promise<T>
  /**
   * Waits for it. What it waits for the store is the store time of who waits for it as well.
   *
   * @throws ServiceError `store_unavailable` when the caller has no time left; or what the work throws
   */
  join(): Promise<T>
}

/** Starts work on nobody's account: what it holds may be the only copy. */
export function detach<T>(work: () => Promise<T>): Detached<T> {
  const meter = createMeter()
  const done = accounts.run(meter, work)
  return {
    done,
    join() {
      const caller = accounts.getStore()
      if (caller === undefined) return done
      return new Promise((resolve, reject) => {
        const stop = meter.watch(caller, () => reject(tooSlow()))
        done.then(resolve, reject).finally(stop)
      })
    },
  }
}
