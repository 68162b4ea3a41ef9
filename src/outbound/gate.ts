import { OutboundError } from './outbound.ts'

/** Lets a bounded number of requests to one origin run; the others wait in the order they came. */
export interface Gate {
  /**
   * Waits for a place.
   *
   * @returns The function that gives the place back; more than one call has no effect.
   * @throws OutboundError `timeout`, not sent, when `signal` aborts first, or too many wait already.
   */
  enter(signal: AbortSignal): Promise<() => void>
}

/**
 * Creates a gate.
 *
 * @param places - How many may be inside.
 * @param queue - How many may wait; the next one is told at once what it would learn late.
 *
 * Waiting happens here and not in undici's queue: undici would open a connection for every request
 * that has timed out in its queue, only to drop it.
 */
export function createGate(places: number, queue: number): Gate {
  const waiting = new Set<() => void>()
  let free = places

  /** Hands a place to whoever waits longest. */
  function leave(): void {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }

  return {
    async enter(signal) {
      if (free > 0) free -= 1
      else if (waiting.size >= queue) throw new OutboundError('timeout', false)
      else await turn(waiting, signal)
      return once(leave)
    },
  }
}

function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      waiting.delete(proceed)
      reject(new OutboundError('timeout', false))
    }
    const proceed = () => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    waiting.add(proceed)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
