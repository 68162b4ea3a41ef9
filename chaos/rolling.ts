import { setTimeout as wait } from 'node:timers/promises'
import { eventsNamed } from './load/events.ts'
import { judgeManners, judgeProcesses, judgeRotations } from './load/judge.ts'
import { putUnderPressure } from './load/pressure.ts'
import type { Replica } from './load/replica.ts'
import { judgeStandings, settle } from './load/settle.ts'
import { startWorld, type World } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const REPLICAS = 3
const CONNECTIONS = 40
const LOAD = {
  workers: 16,
  pauseMs: 20,
  shares: { token: 7, replace: 1, read: 1, list: 1 },
} as const
/** So that at most moments every replica is renewing something. */
const ACCESS_TOKEN_SECONDS = 10
const SAMSUNG_TAKES_MS = 600
/** More than are sent. */
const ALWAYS = 1_000_000
/** The load goes on for so long before the first restart and after the last. */
const MARGIN_MS = 2_000

/** Rolling restarts under load. */
export const rollingScenario: Scenario = {
  name: 'rolling',
  summary:
    'rolling restarts of 3 replicas under load: only 2xx, or 503 with Retry-After; nothing lost',
  takes: '3 min',
  argument: { name: 'restarts', default: '20' },
  async run(context) {
    const rounds = Number(context.argument)
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('restarts must be a whole number')
    const world = await startWorld(context, {
      replicas: REPLICAS,
      connections: CONNECTIONS,
      // The strictest: a refresh token that is spent twice ends the consent.
      rotation: 'reuse_revokes',
      samsung: { accessTokenLifetimeSeconds: ACCESS_TOKEN_SECONDS },
      env: { KNOXGATE_KNOX_TOKEN_REJECTED_INTERVAL: '1s' },
    })
    try {
      await roll(context, world, rounds)
    } finally {
      await world.close()
    }
  },
}

async function roll(context: ScenarioContext, world: World, rounds: number): Promise<void> {
  const { say } = context
  const { rig, replicas } = world
  const slow = { kind: 'delay', ms: SAMSUNG_TAKES_MS } as const
  rig.sandbox.addFault({ on: 'token', times: ALWAYS, do: slow })
  const manners = judgeManners(context, rig.sandbox)
  const pressure = putUnderPressure(world, { ...LOAD, onAnswer: manners.check })
  await wait(MARGIN_MS)
  const drains = await restartAll(context, replicas, rounds)
  await wait(MARGIN_MS)
  await pressure.end(say)
  manners.report()
  const { refused, idle_closed, unaccepted } = pressure.retried
  say(
    `  ${drains.length} restarts, slowest drain ${Math.max(...drains).toFixed(0)} ms; the balancer ` +
      `sent ${refused} requests elsewhere after a refusal, ${unaccepted} that nobody had accepted, ` +
      `${idle_closed} after an idle connection had closed`,
  )
  say(
    `  ${renewalsWhileStopping(replicas)} renewals were under way when their process was told to stop`,
  )
  await judgeEnd(context, world)
}

/** @returns How long each process took to end, in ms. */
async function restartAll(
  { problem }: ScenarioContext,
  replicas: readonly Replica[],
  rounds: number,
): Promise<readonly number[]> {
  const drains: number[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const replica of replicas) {
      const { code, ms } = await replica.stop()
      drains.push(ms)
      if (code !== 0) problem(`restart ${round}: replica ${replica.number} ended with ${code}`)
      await replica.start()
    }
  }
  return drains
}

/** Attempts that ended between the signal and the end of the process. */
function renewalsWhileStopping(replicas: readonly Replica[]): number {
  let count = 0
  for (const replica of replicas) {
    let isStopping = false
    for (const { event } of eventsNamed(
      replica.output(),
      'starting',
      'stopping',
      'refresh_ended',
    )) {
      if (event === 'refresh_ended') count += isStopping ? 1 : 0
      else isStopping = event === 'stopping'
    }
  }
  return count
}

async function judgeEnd(context: ScenarioContext, world: World): Promise<void> {
  const settled = await settle(world)
  context.say(`  afterwards: ${settled.answers}`)
  judgeStandings(context, 'rolling', settled.standings, true)
  judgeRotations(context, world, { recoveriesAllowed: false })
  judgeProcesses(context, world)
}
