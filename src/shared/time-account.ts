/*
 * How long somebody has waited for the store, whatever number of calls that took. Time counts while at
 * least one call is under way, and from a call that failed until one that succeeds: then the store is
 * away, and whoever pauses between two tries waits for nothing else.
 */

/** Ends a stretch of waiting. @param isAnswered - Whether the store has answered. */
export type EndWait = (isAnswered: boolean) => void

/** On whose account the time goes. */
export interface TimeAccount {
  /**
   * A stretch of waiting begins; null when no time is left.
   *
   * @param leave - Called once if the time runs out before the end.
   */
  begin(leave: () => void): EndWait | null
  /** From now on the time does not run out. */
  lift(): void
}

/** The account of somebody who waits `limitMs` and no longer. */
export function createBudget(limitMs: number): TimeAccount {
  const waiting = new Set<() => void>()
  let limit = limitMs
  let usedMs = 0
  /** When the present stretch began. */
  let since: number | undefined
  let timer: NodeJS.Timeout | undefined

  function runOut(): void {
    limit = 0
    for (const leave of waiting) leave()
    waiting.clear()
  }

  function end(isAnswered: boolean): void {
    clearTimeout(timer)
    if (!isAnswered || since === undefined) return
    usedMs += performance.now() - since
    since = undefined
  }

  return {
    begin(leave) {
      const now = performance.now()
      since ??= now
      const leftMs = limit - usedMs - (now - since)
      if (leftMs <= 0) return null
      if (waiting.size === 0 && leftMs < Number.POSITIVE_INFINITY)
        timer = setTimeout(runOut, leftMs)
      waiting.add(leave)
      return (isAnswered) => {
        if (waiting.delete(leave) && waiting.size === 0) end(isAnswered)
      }
    },
    lift() {
      limit = Number.POSITIVE_INFINITY
      clearTimeout(timer)
    },
  }
}

/** The account of work that nobody cuts off: it has no limit, and whoever waits for it watches. */
export interface Meter extends TimeAccount {
  /**
   * Lets the time go on one more account. Returns how to end that.
   *
   * @param leave - Called once if that account has no time left.
   */
  watch(account: TimeAccount, leave: () => void): () => void
}

interface Watcher {
  start(): void
  stop(): void
}

export function createMeter(): Meter {
  const watchers = new Set<Watcher>()
  let calls = 0
  let isRunning = false

  function end(isAnswered: boolean): void {
    calls -= 1
    if (calls > 0 || !isAnswered) return
    isRunning = false
    for (const watcher of watchers) watcher.stop()
  }

  return {
    begin() {
      calls += 1
      if (!isRunning) for (const watcher of watchers) watcher.start()
      isRunning = true
      return end
    },

    lift() {},

    watch(account, leave) {
      let endWait: EndWait | null = null
      const watcher: Watcher = {
        start() {
          endWait = account.begin(leave)
          if (endWait === null) leave()
        },
        stop: () => endWait?.(true),
      }
      watchers.add(watcher)
      if (isRunning) watcher.start()
      return () => {
        watchers.delete(watcher)
        watcher.stop()
      }
    },
  }
}
