import { type Clock, type EpochMs, sleep } from '../../../../src/shared/time.ts'

/** Where a process can be struck: whenever it speaks with something outside of itself. */
export const POINTS = [
  'store_sent',
  'store_answered',
  'refresh_sent',
  'refresh_answered',
  'knox_sent',
  'knox_answered',
] as const

export type Point = (typeof POINTS)[number]

/** SIGKILL, or SIGSTOP and after a while SIGCONT, at once or at a point that is yet to come. */
export interface Strike {
  readonly what: 'kill' | 'stop'
  readonly at: Point | 'any' | 'now'
  /** How many such points it passes unharmed. */
  readonly after: number
  /** How long it is stopped. */
  readonly forMs: number
}

/** `drained`: it said that nothing was under way any more. `deadline`: it had no time left to say so. */
export type EndReason = 'killed' | 'drained' | 'deadline'

export interface ProcessEnd {
  readonly reason: EndReason
  readonly at: EpochMs
}

/**
 * One process of the service. All that leaves it or reaches it goes by {@link Process.pass}, so one that has
 * ended has no further effect on anything, and learns nothing more.
 */
export interface Process {
  readonly name: string
  readonly slot: number
  /** Its own idea of the time. */
  readonly clock: Clock
  /** By how much its clock is fast. */
  readonly skewMs: number
  end(): ProcessEnd | null
  /** Until when it was stopped last. */
  stoppedUntil(): EpochMs
  /** When something last went wrong on its line to the store. */
  lastStoreFault(): EpochMs
  noteStoreFault(): void
  /** Resolves when it goes on after this point; never, if it does not. */
  pass(point: Point): Promise<void>
  /** Resolves when it is running; never, when it has ended. */
  running(): Promise<void>
  strike(strike: Strike): void
  /** Forgets strikes that have not happened. */
  spare(): void
  exit(reason: EndReason): void
  onEnd(listener: () => void): void
}

export interface ProcessDeps {
  readonly name: string
  readonly slot: number
  readonly skewMs: number
  readonly now: Clock
}

const NEVER = new Promise<never>(() => {})

export function createProcess({ name, slot, skewMs, now }: ProcessDeps): Process {
  let end: ProcessEnd | null = null
  let stoppedUntil = 0
  let lastStoreFault = Number.NEGATIVE_INFINITY
  const endListeners: (() => void)[] = []
  let strikes: { strike: Strike; left: number }[] = []

  function exit(reason: EndReason): void {
    if (end !== null) return
    end = { reason, at: now() }
    for (const listener of endListeners) listener()
  }

  function hit({ what, forMs }: Strike): void {
    if (what === 'kill') exit('killed')
    else stoppedUntil = Math.max(stoppedUntil, now() + forMs)
  }

  function meet(point: Point): void {
    for (const one of strikes) {
      if (one.strike.at !== point && one.strike.at !== 'any') continue
      one.left -= 1
      if (one.left < 0) hit(one.strike)
    }
    strikes = strikes.filter(({ left }) => left >= 0)
  }

  async function running(): Promise<void> {
    while (end === null && stoppedUntil > now()) await sleep(stoppedUntil - now())
    if (end !== null) await NEVER
  }

  return {
    name,
    slot,
    skewMs,
    clock: () => now() + skewMs,
    end: () => end,
    stoppedUntil: () => stoppedUntil,
    lastStoreFault: () => lastStoreFault,
    noteStoreFault: () => {
      lastStoreFault = now()
    },
    running,
    async pass(point) {
      if (end === null) meet(point)
      await running()
    },
    strike(strike) {
      if (strike.at === 'now') hit(strike)
      else strikes.push({ strike, left: strike.after })
    },
    spare: () => {
      strikes = []
    },
    exit,
    onEnd: (listener) => void endListeners.push(listener),
  }
}
