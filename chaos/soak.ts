import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration } from '../src/config/units.ts'
import { judgeManners, judgeProcesses, judgeRotations } from './load/judge.ts'
import { describeDurations } from './load/percentiles.ts'
import { judgePlaintext } from './load/plaintext.ts'
import { putUnderPressure } from './load/pressure.ts'
import { createRandom, type Random } from './load/random.ts'
import { judgeStandings, type Settled, settle } from './load/settle.ts'
import { createTrouble } from './load/trouble.ts'
import { judgeVitals, SMALL_HEAP, watchVitals } from './load/vitals.ts'
import { startWorld, type World } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const REPLICAS = 3
const CONNECTIONS = 200
const LOAD = {
  workers: 24,
  pauseMs: 100,
  shares: { token: 18, replace: 0, read: 1, list: 1 },
} as const
/** Both kinds of token are renewed about once a minute, thirty times as often as in production. */
const ACCESS_TOKEN_SECONDS = 60
const KNOX_TOKEN_MINUTES = 1
const ENV = { KNOXGATE_KNOX_TOKEN_DEFAULT_MIN_TTL: '10s', ...SMALL_HEAP } as const
/** For the last recovery, which may have to wait for a lease and for a token's end. */
const PATIENCE_MS = 120_000

/** Mishaps of all kinds, for as long as one likes. */
export const soakScenario: Scenario = {
  name: 'soak',
  summary:
    '3 replicas and 200 connections under steady load, with a mishap every 15 to 30 s: nothing lost, memory flat',
  takes: 'what is given, and a minute',
  argument: { name: 'duration[,seed]', default: '10m' },
  async run(context) {
    const { lastsMs, seed } = readArgument(context.argument)
    context.say(`seed ${seed}: with it, the same mishaps come in the same order`)
    const world = await startWorld(context, {
      replicas: REPLICAS,
      connections: CONNECTIONS,
      rotation: 'grace',
      samsung: { accessTokenLifetimeSeconds: ACCESS_TOKEN_SECONDS },
      program: { knox: { validity_minutes: KNOX_TOKEN_MINUTES } },
      env: ENV,
    })
    try {
      await soak(context, world, lastsMs, createRandom(seed))
      await judgeEnd(context, world)
    } finally {
      await world.close()
    }
  },
}

/** @throws Error for anything but a duration, with or without a seed */
function readArgument(argument: string): { readonly lastsMs: number; readonly seed: number } {
  const [duration, given] = argument.split(',')
  const lastsMs = parseDuration(duration)
  const seed = given === undefined ? Date.now() % 100_000 : Number(given)
  if (lastsMs === undefined || !Number.isSafeInteger(seed))
    throw new Error('the argument must be such as 10m, or 10m,7 with a seed')
  return { lastsMs, seed }
}

async function soak(
  context: ScenarioContext,
  world: World,
  lastsMs: number,
  random: Random,
): Promise<void> {
  const { say } = context
  // No mishap ends the first one, so that it grows as old as the soak.
  const [witness] = world.replicas
  if (witness === undefined) throw new Error('there is no replica')
  const vitals = watchVitals(witness.current().pid)
  const trouble = createTrouble(say)
  const manners = judgeManners(context, world.rig.sandbox, trouble.excuses)
  const handOuts = { calm: [] as number[], all: [] as number[] }
  const pressure = putUnderPressure(world, {
    ...LOAD,
    onAnswer: (ask, tenant, answer) => {
      manners.check(ask, tenant, answer)
      if (ask !== 'token' || answer.status !== 200) return
      handOuts.all.push(answer.ms)
      if (!trouble.isNow()) handOuts.calm.push(answer.ms)
    },
  })
  await trouble.last(world, lastsMs, random)
  await pressure.end(say)
  vitals.stop()
  say(`  hand-out, while nothing went wrong: ${describeDurations(handOuts.calm)}`)
  say(`  hand-out, all: ${describeDurations(handOuts.all)}`)
  manners.report()
  judgeVitals(context, vitals)
}

async function judgeEnd(context: ScenarioContext, world: World): Promise<void> {
  const settled = await untilWell(world)
  context.say(`  afterwards: ${settled.answers}`)
  judgeStandings(context, 'soak', settled.standings, true)
  judgeRotations(context, world, { recoveriesAllowed: true })
  judgeProcesses(context, world)
  await judgePlaintext(context, world)
}

/** Asks for every token again until no outcome is open any more, or patience is over. */
async function untilWell(world: World): Promise<Settled> {
  const startedAt = performance.now()
  for (;;) {
    const settled = await settle(world)
    const isWell = settled.standings.every(({ state, held }) => state === 'ok' && held === 'live')
    if (isWell || performance.now() - startedAt > PATIENCE_MS) return settled
    await wait(1_000)
  }
}
