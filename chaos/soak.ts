import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration } from '../src/config/units.ts'
import { createBalancer } from './load/balancer.ts'
import type { Heard } from './load/heard.ts'
import { judgeManners, judgeProcesses, judgeRotations } from './load/judge.ts'
import { MISHAPS } from './load/mishaps.ts'
import { describeDurations } from './load/percentiles.ts'
import { judgePlaintext } from './load/plaintext.ts'
import { createRandom, pick, type Random } from './load/random.ts'
import { judgeStandings, type Settled, settle } from './load/settle.ts'
import { startTraffic } from './load/traffic.ts'
import { judgeVitals, watchVitals } from './load/vitals.ts'
import { startWorld, type World } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const REPLICAS = 3
const CONNECTIONS = 200
const WORKERS = 24
const PAUSE_MS = 100
const SHARES = { token: 18, replace: 0, read: 1, list: 1 } as const
/** Both kinds of token are renewed about once a minute, thirty times as often as in production. */
const ACCESS_TOKEN_SECONDS = 60
const KNOX_TOKEN_MINUTES = 1
const CALM_MS = { least: 15_000, more: 15_000 } as const
/** Whoever was on the way when a mishap ended may still feel it. */
const AFTERMATH_MS = 3_000
/** For the last recovery, which may have to wait for a lease and for a token's end. */
const PATIENCE_MS = 120_000

/** Mishaps of all kinds, for as long as one likes. */
export const soakScenario: Scenario = {
  name: 'soak',
  summary:
    '3 replicas and 200 connections under steady load, with a mishap every 15 to 30 s: nothing lost, memory flat',
  takes: 'what is given, and 2 min',
  argument: { name: 'duration', default: '10m' },
  async run(context) {
    const [duration, given] = context.argument.split(',')
    const lastsMs = parseDuration(duration)
    if (lastsMs === undefined)
      throw new Error('the argument must be such as 10m, or 10m,7 with a seed')
    const seed = given === undefined ? Date.now() % 100_000 : Number(given)
    context.say(`seed ${seed}: --soak ${duration},${seed} has the same mishaps at the same times`)
    const world = await startWorld(context, {
      replicas: REPLICAS,
      connections: CONNECTIONS,
      rotation: 'grace',
      samsung: { accessTokenLifetimeSeconds: ACCESS_TOKEN_SECONDS },
      program: { knox: { validity_minutes: KNOX_TOKEN_MINUTES } },
      env: { KNOXGATE_KNOX_TOKEN_DEFAULT_MIN_TTL: '10s' },
    })
    try {
      await soak(context, world, lastsMs, createRandom(seed))
    } finally {
      await world.close()
    }
  },
}

async function soak(
  context: ScenarioContext,
  world: World,
  lastsMs: number,
  random: Random,
): Promise<void> {
  const { say } = context
  const { rig, replicas, tenants } = world
  const [witness] = replicas
  if (witness === undefined) throw new Error('there is no replica')
  const vitals = watchVitals(witness.current().pid)
  const balancer = createBalancer(
    replicas.map(({ url }) => url),
    rig.stack.apiKey(),
  )
  const trouble = createTrouble()
  const manners = judgeManners(context, rig.sandbox, trouble.excuses)
  const handOuts = { calm: [] as number[], all: [] as number[] }
  const traffic = startTraffic({
    balancer,
    tenants,
    workers: WORKERS,
    pauseMs: PAUSE_MS,
    shares: SHARES,
    random: createRandom(1),
    onAnswer: (ask, tenant, answer) => {
      manners.check(ask, tenant, answer)
      if (ask !== 'token' || answer.status !== 200) return
      handOuts.all.push(answer.ms)
      if (!trouble.isNow()) handOuts.calm.push(answer.ms)
    },
  })
  await haveMishaps(say, world, trouble, lastsMs, random)
  await traffic.stop()
  balancer.close()
  vitals.stop()
  for (const line of traffic.lines()) say(line)
  say(`  hand-out, while nothing went wrong: ${describeDurations(handOuts.calm)}`)
  say(`  hand-out, all: ${describeDurations(handOuts.all)}`)
  manners.report()
  judgeVitals(context, vitals)
  await judgeEnd(context, world)
}

async function haveMishaps(
  say: ScenarioContext['say'],
  world: World,
  trouble: Trouble,
  lastsMs: number,
  random: Random,
): Promise<void> {
  const startedAt = performance.now()
  const left = () => lastsMs - (performance.now() - startedAt)
  for (;;) {
    const calmMs = CALM_MS.least + random() * CALM_MS.more
    if (left() < calmMs + CALM_MS.least) break
    await wait(calmMs)
    const mishap = pick(random, MISHAPS)
    say(`  after ${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${mishap.name}`)
    trouble.begin()
    await mishap.run(world, random)
    trouble.end()
  }
  await wait(Math.max(0, left()))
}

/** Knows when something is going wrong, and what callers may hear then. */
interface Trouble {
  begin(): void
  end(): void
  isNow(): boolean
  /** A refusal that says when to come again, or a connection that was cut with the process behind it. */
  readonly excuses: (answer: Heard) => boolean
}

function createTrouble(): Trouble {
  let until = 0
  const isNow = () => performance.now() < until
  return {
    begin() {
      until = Number.POSITIVE_INFINITY
    },
    end() {
      until = performance.now() + AFTERMATH_MS
    },
    isNow,
    excuses: ({ status, retryAfter }) => isNow() && (status === 0 || retryAfter !== null),
  }
}

async function judgeEnd(context: ScenarioContext, world: World): Promise<void> {
  const startedAt = performance.now()
  const isWell = ({ state, held }: Settled['standings'][number]) =>
    state === 'ok' && held === 'live'
  let settled = await settle(world)
  while (!settled.standings.every(isWell) && performance.now() - startedAt < PATIENCE_MS) {
    await wait(1_000)
    settled = await settle(world)
  }
  context.say(`  afterwards: ${settled.answers}`)
  judgeStandings(context, 'soak', settled.standings, true)
  judgeRotations(context, world, { recoveriesAllowed: true })
  judgeProcesses(context, world)
  await judgePlaintext(context, world)
}
