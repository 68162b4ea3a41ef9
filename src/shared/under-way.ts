/** Work that must not be cut off, whoever still waits for it. */
export interface UnderWay {
  /** Returns the same promise, and remembers it until it has settled. */
  track<T>(work: Promise<T>): Promise<T>
  /** Resolves when all that is tracked has ended, however it ended. */
  idle(): Promise<void>
}

/** Starts with nothing under way. */
export function createUnderWay(): UnderWay {
  const running = new Set<Promise<unknown>>()

  return {
    track(work) {
      const forget = () => void running.delete(work)
      running.add(work)
      work.then(forget, forget)
      return work
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running)
    },
  }
}
