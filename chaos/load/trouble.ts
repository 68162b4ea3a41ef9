import { setTimeout as wait } from 'node:timers/promises'
import type { ScenarioContext } from '../scenario.ts'
import type { Heard } from './heard.ts'
import { MISHAPS, type Mishap } from './mishaps.ts'
import { pick, type Random } from './random.ts'
import type { World } from './world.ts'

/** Knows when something is going wrong, and what callers may hear then. */
export interface Trouble {
  isNow(): boolean
  /** A refusal that says when to come again, or a connection that was cut with the process behind it. */
  readonly excuses: (answer: Heard) => boolean
  /** Has one mishap after the other, with calm in between, until the time is over. */
  last(world: World, forMs: number, random: Random): Promise<void>
}

const CALM_MS = { least: 15_000, more: 15_000 } as const
/** Whoever was on the way when a mishap ended may still feel it. */
const AFTERMATH_MS = 3_000

/** @param say - Told of every mishap. */
export function createTrouble(say: ScenarioContext['say']): Trouble {
  let until = 0
  let mayCut = false
  const isNow = () => performance.now() < until

  async function have(mishap: Mishap, world: World, random: Random): Promise<void> {
    until = Number.POSITIVE_INFINITY
    mayCut = mishap.cuts
    await mishap.run(world, random)
    until = performance.now() + AFTERMATH_MS
  }

  return {
    isNow,
    excuses: ({ status, retryAfter }) => isNow() && (status === 0 ? mayCut : retryAfter !== null),

    async last(world, forMs, random) {
      const startedAt = performance.now()
      const passed = () => performance.now() - startedAt
      for (;;) {
        const calmMs = CALM_MS.least + random() * CALM_MS.more
        if (forMs - passed() < calmMs + CALM_MS.least) break
        await wait(calmMs)
        const mishap = pick(random, MISHAPS)
        say(`  after ${(passed() / 1000).toFixed(0)} s: ${mishap.name}`)
        await have(mishap, world, random)
      }
      await wait(Math.max(0, forMs - passed()))
    },
  }
}
