import type { Log } from '../shared/log.ts'
import type { Clock, EpochMs } from '../shared/time.ts'

/** A write that must stand: what was acknowledged once is written again if a failover took it back. */
export interface Reassertions<Change> {
  /**
   * Remembers how to put a document right; replaces what was remembered of it before.
   *
   * @param last - The document has come to its end: nothing that is remembered later replaces this.
   */
  remember(id: string, change: Change, last?: 'last'): void
  /**
   * Puts everything right that is remembered. Asked while it is doing so, it begins once more. Never throws.
   */
  run(): Promise<void>
}

export interface ReassertionsDeps<Change> {
  /** Applies a change to a document that is there; whether anything had to be written. */
  readonly apply: (id: string, change: Change) => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
}

/** What is older has reached the replicas, or will never be missed by them. */
export const REMEMBERED_MS = 10 * 60_000
/** One entry holds a connection with its sealed tokens, about 5 kB. */
const MAX_REMEMBERED = 10_000

interface Entry<Change> {
  readonly change: Change
  readonly last: 'last' | undefined
  readonly at: EpochMs
}

/**
 * Remembers the acknowledged writes of the last ten minutes of this process.
 *
 * Replicas are behind their primary, so one that is promoted may not have what was acknowledged. The
 * process that wrote it still has it, and a refresh token exists nowhere else.
 */
export function createReassertions<Change>(deps: ReassertionsDeps<Change>): Reassertions<Change> {
  const { apply, clock, log } = deps
  const remembered = new Map<string, Entry<Change>>()
  let running: Promise<void> | undefined
  let isAsked = false

  /** The map is in the order of time, because what is remembered anew goes to its end. */
  function forgetOld(): void {
    for (const [id, { at }] of remembered) {
      if (remembered.size <= MAX_REMEMBERED && clock() - at < REMEMBERED_MS) return
      remembered.delete(id)
    }
  }

  function put(id: string, { change, last }: Omit<Entry<Change>, 'at'>): void {
    remembered.delete(id)
    remembered.set(id, { change, last, at: clock() })
  }

  async function reassert(connectionId: string, change: Change): Promise<void> {
    try {
      if (await apply(connectionId, change)) log.warn('write_reasserted', { connectionId })
    } catch (error) {
      log.error('write_not_reasserted', { connectionId, error })
    }
  }

  /** The newest first: they are what a replica is most likely to lack. */
  async function pass(): Promise<void> {
    const all = [...remembered]
    for (const [id, entry] of all.toReversed()) {
      forgetOld()
      // Something newer may have taken its place while others were put right.
      if (remembered.get(id) === entry) await reassert(id, entry.change)
    }
    // What has just been written again can be taken back again.
    for (const [id, entry] of all) if (remembered.get(id) === entry) put(id, entry)
  }

  async function passes(): Promise<void> {
    while (isAsked) {
      isAsked = false
      await pass()
    }
    running = undefined
  }

  return {
    remember(id, change, last) {
      if (remembered.get(id)?.last === undefined || last !== undefined) put(id, { change, last })
      forgetOld()
    },

    run() {
      isAsked = true
      running ??= passes()
      return running
    },
  }
}
