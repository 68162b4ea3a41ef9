import { ServiceError } from '../shared/errors.ts'
import { inParallel } from '../shared/in-parallel.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { KeyRing } from './envelope.ts'
import { readSentinel, releaseProbes } from './envelope-sentinel.ts'
import { type KeyInventory, takeKeyInventory } from './key-inventory.ts'
import { persist } from './persist.ts'
import type { RecordCheck } from './record-check.ts'
import { createRewrapRecord } from './rewrap-record.ts'
import type { Store } from './store.ts'

export interface RewrapDeps {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly check: RecordCheck['keyOf']
  /** Connections that are begun in one second, at most. */
  readonly perSecond: number
  /** Whether a connection counts as re-wrapped only when replicas have it. */
  readonly durable: boolean
  readonly clock: Clock
  /** Told after each connection: how many of those that were found are done. */
  readonly onProgress: (done: number, found: number) => void
  /** Told when the store is away and is being waited for. */
  readonly onWait: () => void
}

export interface RewrapResult {
  /** By this call; those that an earlier one had done do not count. */
  readonly rewrapped: number
  /** Taken when nothing was left to do, or no more was tried. */
  readonly inventory: KeyInventory
  /** Keys that no record needs any more, and that processes may now start without. */
  readonly released: readonly string[]
}

/** Connections under way at once. */
const CONCURRENCY = 8
/** New work can come only from processes with another active key; it is not for this one to outrun them. */
const MAX_PASSES = 5
/** How long a store may be away: longer than a failover takes. */
const PATIENCE = { commitBudgetMs: 60_000, pollMs: 200 }

/**
 * Wraps the data keys of all connections with the active key, beside services that are at work.
 *
 * There is nothing to resume: what is done can be seen in each record, so a call that was killed is finished
 * by the next one, and two at the same time share the work. Ends when a whole pass finds nothing to do.
 * Sessions and callbacks are left alone: they end by themselves.
 *
 * @throws ServiceError `store_unavailable`, `store_not_durable` when the store stays away
 */
export async function rewrap(deps: RewrapDeps): Promise<RewrapResult> {
  const { store, keyRing, check, clock, onWait, onProgress } = deps
  const patiently = <T>(work: () => Promise<T>) =>
    persist(work, { ...PATIENCE, clock, onRetry: onWait })
  const rewrapRecord = createRewrapRecord(deps)
  const takeTurn = createPace(deps.perSecond)
  let rewrapped = 0

  async function pass(ids: readonly string[]): Promise<void> {
    let done = 0
    await inParallel(ids, CONCURRENCY, async (id) => {
      await takeTurn()
      if (await patiently(() => unlessUnreadable(() => rewrapRecord(id)))) rewrapped += 1
      done += 1
      onProgress(done, ids.length)
    })
  }

  const look = () => patiently(() => takeKeyInventory({ store, keyRing, check }))
  let inventory = await look()
  for (let passes = 0; inventory.outdated.length > 0 && passes < MAX_PASSES; passes += 1) {
    await pass(inventory.outdated)
    inventory = await look()
  }
  const released = await patiently(() => release(store, keyRing, inventory))
  return { rewrapped, inventory, released }
}

/** Damaged since it was looked at: the next inventory names it. */
async function unlessUnreadable(work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'record_unreadable') return false
    throw error
  }
}

async function release(
  store: Store,
  keyRing: KeyRing,
  { keys }: KeyInventory,
): Promise<readonly string[]> {
  const isNeeded = (kid: string) =>
    kid === keyRing.activeKid || keys.some((use) => use.kid === kid && !use.isSafeToDrop)
  const { kids } = await readSentinel(store, keyRing)
  const released = kids.filter((kid) => !isNeeded(kid))
  if (released.length > 0) await releaseProbes(store, released)
  return released
}

/** Spreads what is begun evenly: no burst, also after a pause. */
function createPace(perSecond: number): () => Promise<void> {
  let next = performance.now()
  return async () => {
    const now = performance.now()
    const mine = Math.max(now, next)
    next = mine + 1000 / perSecond
    if (mine > now) await sleep(mine - now)
  }
}
