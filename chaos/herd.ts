import { ageAll, quiet } from './load/ageing.ts'
import { countAttempts } from './load/attempts.ts'
import { linesAbout } from './load/evidence.ts'
import { ENDED, HERD_DRILLS, type HerdDrill } from './load/herd-drills.ts'
import { type Calls, stampede } from './load/herd-run.ts'
import { createLedger } from './load/ledger.ts'
import { isOwnLiveToken } from './load/owners.ts'
import { describeDurations } from './load/percentiles.ts'
import { judgeStandings, settle } from './load/settle.ts'
import { startWorld, type World } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const REPLICAS = 3
const CALLERS_EACH = 1_000
const CONNECTIONS = 50
/** More than any herd sends. */
const ALWAYS = 1_000_000

/** A herd of callers on connections whose tokens have ended, while Samsung is slow. */
export const herdScenario: Scenario = {
  name: 'herd',
  summary:
    '3,000 callers at once on 50 connections that are due, while Samsung is slow: one renewal each, nobody lost',
  takes: '2 min',
  async run(context) {
    for (const drill of HERD_DRILLS) await runDrill(context, drill)
  },
}

async function runDrill(context: ScenarioContext, drill: HerdDrill): Promise<void> {
  const { say } = context
  say(drill.title)
  const world = await startWorld(context, {
    replicas: REPLICAS,
    connections: CONNECTIONS,
    rotation: drill.rotation,
    env: drill.env,
  })
  const { rig } = world
  try {
    await ageAll(world, world.tenants, drill.ageing)
    const { callers, releasedMs } = await stampede(world, {
      callersEach: CALLERS_EACH,
      again: drill.again,
      ready: () => rig.sandbox.addFault({ on: 'token', times: ALWAYS, do: drill.fault }),
    })
    say(
      `  driven: ${callers.length} callers, each on an open socket of its own; all requests handed out in ` +
        `${releasedMs.toFixed(0)} ms, before any answer was read`,
    )
    judgeAnswers(context, world, drill, callers)
    judgeAttempts(context, world, drill)
    rig.sandbox.clearFaults()
    await judgeAfterwards(context, world, drill)
  } finally {
    await world.close()
  }
}

function judgeAnswers(
  { say, problem }: ScenarioContext,
  { rig }: World,
  { title, allowed }: HerdDrill,
  callers: readonly Calls[],
): void {
  const ledger = createLedger()
  for (const { answers } of callers) for (const answer of answers) ledger.add(answer)
  say(`  answers: ${ledger.describe()}; ${describeDurations(ledger.durations())}`)
  for (const [name, count] of ledger.counts()) {
    if (!allowed.includes(name)) problem(`${title}: ${count} callers were answered ${name}`)
  }
  if (ledger.withoutRetryAfter > 0)
    problem(`${title}: ${ledger.withoutRetryAfter} answers 503 without Retry-After`)
  const strange = callers.filter(({ tenant, answers }) =>
    answers.some((one) => one.status === 200 && !isOwnLiveToken(rig.sandbox, tenant, one)),
  )
  if (strange.length > 0) problem(`${title}: ${strange.length} callers got a token not their own`)
}

function judgeAttempts(
  { say, problem }: ScenarioContext,
  world: World,
  { title, mostFurther: allowed }: HerdDrill,
): void {
  const { sandbox } = world.rig
  const { first, further, mostFurther, busiest } = countAttempts(sandbox)
  const exchanges = sandbox.record().requests.filter(({ on }) => on === 'ams').length
  say(
    `  Samsung was asked for: ${first} renewals, ${further} recoveries (at most ${mostFurther} for one ` +
      `connection), ${exchanges} Knox tokens`,
  )
  if (first !== CONNECTIONS) problem(`${title}: ${first} first attempts instead of ${CONNECTIONS}`)
  if (mostFurther <= allowed) return
  problem(`${title}: ${mostFurther} recoveries for one connection, not ${allowed}`)
  const tenant = world.tenants.find(({ family }) => family === busiest)
  for (const line of linesAbout(world, tenant?.id ?? '')) say(line)
}

async function judgeAfterwards(
  context: ScenarioContext,
  world: World,
  { title, end }: HerdDrill,
): Promise<void> {
  const { rig } = world
  await endTheUncertain(world)
  rig.sandbox.clearRecord()
  const settled = await settle(world)
  const { first, further, mostFurther } = countAttempts(rig.sandbox)
  context.say(
    `  quick again: ${settled.answers} after ${settled.longestMs.toFixed(0)} ms at most, with ` +
      `${first + further} renewals`,
  )
  if (mostFurther > 0)
    context.problem(`${title}: more than one renewal for a connection afterwards`)
  judgeStandings(context, title, settled.standings, end === 'renewed')
}

/** The tokens of connections whose renewal has not come through end: now they have to be recovered. */
async function endTheUncertain(world: World): Promise<void> {
  const { tenants, truth } = world
  await quiet(world)
  const standings = await Promise.all(tenants.map(truth.look))
  const uncertain = standings.filter(({ state }) => state !== 'ok').map(({ tenant }) => tenant)
  await ageAll(world, uncertain, ENDED)
}
