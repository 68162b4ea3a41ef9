import { setTimeout as wait } from 'node:timers/promises'
import type { FaultAction } from '../../src/sandbox/control/faults.ts'
import { pick, type Random } from './random.ts'
import type { World } from './world.ts'

/** Something that goes wrong for a while. */
export interface Mishap {
  readonly name: string
  /** Whether it cuts connections, so that callers may be left without an answer. */
  readonly cuts: boolean
  /** Resolves when it is over and what it took away is back. */
  run(world: World, random: Random): Promise<void>
}

/** More than are sent meanwhile. */
const MANY = 100_000
const STORE_AWAY_MS = 2_000
const SAMSUNG_AWAY_MS = 5_000
const SLOW_MS = 3_000
const DOWN_MS = { least: 500, more: 2_500 } as const

/** Everything that a deployment must live through while Samsung repeats an exchange that was lost. */
export const MISHAPS: readonly Mishap[] = [
  { name: 'a replica is killed and started again', cuts: true, run: killOne },
  { name: `Redis hangs for ${STORE_AWAY_MS / 1000} s`, cuts: false, run: hangStore },
  samsung('Samsung answers 503', { kind: 'status', status: 503, body: { error: 'busy' } }),
  samsung(`Samsung takes ${SLOW_MS / 1000} s`, { kind: 'delay', ms: SLOW_MS }),
  samsung('Samsung acts, and its answers are lost', { kind: 'reset_after_effect' }),
]

/** Never the first: its memory is watched. */
async function killOne({ replicas }: World, random: Random): Promise<void> {
  const victim = pick(random, replicas.slice(1))
  await victim.kill()
  await wait(DOWN_MS.least + random() * DOWN_MS.more)
  await victim.start()
}

async function hangStore({ rig }: World): Promise<void> {
  process.kill(rig.redis.pid, 'SIGSTOP')
  try {
    await wait(STORE_AWAY_MS)
  } finally {
    process.kill(rig.redis.pid, 'SIGCONT')
  }
}

function samsung(what: string, fault: FaultAction): Mishap {
  return {
    name: `${what}, for ${SAMSUNG_AWAY_MS / 1000} s`,
    cuts: false,
    async run({ rig }) {
      for (const on of ['token', 'ams'] as const)
        rig.sandbox.addFault({ on, times: MANY, do: fault })
      await wait(SAMSUNG_AWAY_MS)
      rig.sandbox.clearFaults()
    },
  }
}
