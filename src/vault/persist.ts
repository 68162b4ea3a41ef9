import { ServiceError } from '../shared/errors.ts'
import { type Clock, sleep } from '../shared/time.ts'

export interface PersistOptions {
  /** How long to go on while the store is away, in ms. */
  readonly commitBudgetMs: number
  readonly pollMs: number
  readonly clock: Clock
  /** Told before each further try. */
  readonly onRetry?: () => void
}

/** Whether a write may succeed later: the store was away, or could not keep it safely. */
export const isStoreAway = (error: unknown): boolean =>
  error instanceof ServiceError && error.code.startsWith('store_')

/**
 * Stores what cannot be got again, trying until the budget is spent.
 *
 * @param write - Must be safe to repeat: it reads what is stored and knows its own earlier write.
 * @throws What `write` threw last
 */
export async function persist<T>(write: () => Promise<T>, options: PersistOptions): Promise<T> {
  const deadline = options.clock() + options.commitBudgetMs
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (!isStoreAway(error) || options.clock() >= deadline) throw error
      options.onRetry?.()
      await sleep(options.pollMs)
    }
  }
}
