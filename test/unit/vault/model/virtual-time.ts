import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../../src/shared/time.ts'

/**
 * Time that goes by only when it is told to, for everything in this process that waits by `setTimeout` or
 * reads `performance.now()`.
 */
export interface VirtualTime {
  now(): EpochMs
  /** Lets everything happen that happens without time going by. */
  settle(): Promise<void>
  /** Lets time go by, timer by timer. */
  advance(ms: number): Promise<void>
  /** Gives the real timers back. What still waits for a virtual one waits for ever. */
  uninstall(): void
}

interface Timer {
  readonly at: EpochMs
  readonly act: () => void
}

type Replacements = Readonly<Record<string, unknown>>

/** Puts values into the global object. Returns how to take them out again. */
function replaceGlobals(replacements: Replacements): () => void {
  const names = Object.keys(replacements)
  const originals = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))
  for (const [name, value] of Object.entries(replacements))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  return () => {
    for (const [index, name] of names.entries())
      Object.defineProperty(globalThis, name, originals[index] ?? {})
  }
}

/** Stops the time of this process at `startAt`. */
export function installVirtualTime(startAt: EpochMs): VirtualTime {
  let now = startAt
  const timers = new Map<object, Timer>()

  /** As in Node: at least a millisecond, and the handle does not have to keep anything alive. */
  function setVirtualTimeout(act: () => void, ms = 1): object {
    const handle = { unref: () => handle, ref: () => handle, hasRef: () => false }
    timers.set(handle, { at: now + Math.max(1, ms), act })
    return handle
  }

  /** A map lists in the order of insertion, so timers of one moment fire in the order they were set. */
  function nextAt(): EpochMs {
    let next = Number.POSITIVE_INFINITY
    for (const { at } of timers.values()) if (at < next) next = at
    return next
  }

  function fire(): void {
    for (const [handle, { at, act }] of [...timers]) {
      if (at <= now && timers.delete(handle)) act()
    }
  }

  /** A turn of the event loop begins when no promise has anything left to do. */
  const settle = (): Promise<void> => turn()

  const uninstall = replaceGlobals({
    setTimeout: setVirtualTimeout,
    clearTimeout: (handle: object) => void timers.delete(handle),
    performance: { now: () => now - startAt },
  })

  return {
    now: () => now,
    settle,
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let next = nextAt(); next <= until; next = nextAt()) {
        now = next
        fire()
        await settle()
      }
      now = until
    },
    uninstall,
  }
}
