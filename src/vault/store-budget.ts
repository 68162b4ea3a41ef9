import { detach, spendStoreTime } from '../shared/store-time.ts'
import type { Store, WriteOptions, WriteResult } from './store.ts'

/** What is known of a write whose caller could not wait for the answer. */
const AMBIGUOUS: WriteResult = { outcome: 'ambiguous', durable: false }

/** A write that has not got as far as was asked for will be tried again, as if there was no answer. */
const isAnswered = ({ outcome, durable }: WriteResult, options: WriteOptions | undefined) =>
  outcome === 'lost' || (outcome !== 'ambiguous' && (durable || options?.durable !== true))

/**
 * Puts every call to a store on the account of the request that makes it, so that a request waits no
 * longer than its limit for the store, whatever number of calls it makes. Work that was detached from
 * its request, and whatever runs outside of any, is not cut off.
 *
 * When the time is up, what is under way throws `store_unavailable`; of a write under way nothing is
 * known, so it is `ambiguous`. Readiness has a limit of its own.
 */
export const createBudgetedStore = (store: Store): Store => ({
  ...store,
  read: (key) => spendStoreTime(() => store.read(key)),
  version: (key) => spendStoreTime(() => store.version(key)),
  compareAndSet: (key, revision, text, writeId, options) =>
    spendStoreTime(() => store.compareAndSet(key, revision, text, writeId, options), {
      isAnswer: (result) => isAnswered(result, options),
      unanswered: AMBIGUOUS,
    }),
  addToIndex: (portalId, id) => spendStoreTime(() => store.addToIndex(portalId, id)),
  removeFromIndex: (portalId, id) => spendStoreTime(() => store.removeFromIndex(portalId, id)),
  listIndex: (portalId, after, limit) =>
    spendStoreTime(() => store.listIndex(portalId, after, limit)),
  readReference: (key) => spendStoreTime(() => store.readReference(key)),
  setReference: (key, expected, value) =>
    spendStoreTime(() => store.setReference(key, expected, value)),
  // It is told wherever the connection came back, be it in the middle of somebody's request.
  onPrimaryChange: (listener) => store.onPrimaryChange(() => void detach(async () => listener())),
})
