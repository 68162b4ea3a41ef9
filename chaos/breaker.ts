import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration } from '../src/config/units.ts'
import type { Ageing } from '../test/support/stored-connection.ts'
import { ageAll } from './load/ageing.ts'
import { eventsNamed } from './load/events.ts'
import { ENDED } from './load/herd-drills.ts'
import { judgeProcesses } from './load/judge.ts'
import { createLedger, nameOf } from './load/ledger.ts'
import { putUnderPressure } from './load/pressure.ts'
import { judgeStandings, settle } from './load/settle.ts'
import { startWorld, type World } from './load/world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const REPLICAS = 3
const CONNECTIONS = 200
/** So many have nothing at hand when the outage begins; the others have tokens that are due and good. */
const NEEDY = 120
const DUE: Ageing = {
  accessToken: { leftMs: 900_000, lifeMs: 3_600_000 },
  knoxToken: { leftMs: 90_000 },
}
const WORKERS = 24
const LOAD = {
  workers: WORKERS,
  pauseMs: 100,
  shares: { token: 9, replace: 0, read: 1, list: 0 },
} as const
/** What callers without a token may hear meanwhile. */
const HELD = ['502 upstream_refused_client', '503 refresh_in_progress']
/** As delivered: `breaker.threshold` and `breaker.probe_interval`. */
const THRESHOLD = 3
const PROBE_EVERY_MS = 2_000
/** A second outage shows that each has an alarm of its own. */
const SECOND_OUTAGE_MS = 6_000
/** For 200 renewals and exchanges at once, on a machine of two cores. */
const SLACK_MS = 4_000

/** A wrong client secret. */
export const breakerScenario: Scenario = {
  name: 'breaker',
  summary:
    'a wrong client secret for 200 connections: nobody is asked to consent, one alarm, and all go on once it is mended',
  takes: '2 min',
  argument: { name: 'duration', default: '60s' },
  async run(context) {
    const outageMs = parseDuration(context.argument)
    if (outageMs === undefined) throw new Error('the duration must be such as 60s')
    const world = await startWorld(context, {
      replicas: REPLICAS,
      connections: CONNECTIONS,
      rotation: 'reuse_revokes',
    })
    try {
      for (const ms of [outageMs, SECOND_OUTAGE_MS]) await runOutage(context, world, ms)
      judgeProcesses(context, world)
    } finally {
      await world.close()
    }
  },
}

async function runOutage(context: ScenarioContext, world: World, ms: number): Promise<void> {
  const { say } = context
  const { rig, tenants } = world
  await ageAll(world, tenants.slice(0, NEEDY), ENDED)
  await ageAll(world, tenants.slice(NEEDY), DUE)
  const before = alarmsOf(world)
  rig.sandbox.clearRecord()
  rig.sandbox.control({ clientSecretAccepted: false })
  say(`the client secret is wrong for ${ms / 1000} s`)
  await callMeanwhile(context, world, ms)
  await judgeOutage(context, world, ms)

  rig.sandbox.control({ clientSecretAccepted: true })
  const settled = await settle(world)
  const limitMs = PROBE_EVERY_MS + SLACK_MS
  const longest = settled.longestMs.toFixed(0)
  say(`  mended: ${settled.answers}, the last after ${longest} ms`)
  if (settled.longestMs > limitMs)
    context.problem(
      `the last connection was served ${longest} ms after the mending, not ${limitMs}`,
    )
  judgeStandings(context, 'wrong client secret', settled.standings, true)
  judgeAlarms(context, before, alarmsOf(world))
}

/** The load of the outage. */
async function callMeanwhile(
  { say, problem }: ScenarioContext,
  world: World,
  ms: number,
): Promise<void> {
  const needy = new Set(world.tenants.slice(0, NEEDY))
  const [withNothing, atHand] = [createLedger(), createLedger()]
  let told = 0
  const pressure = putUnderPressure(world, {
    ...LOAD,
    onAnswer: (ask, tenant, answer) => {
      if (ask === 'read' && answer.status !== 200) problem(`a read was answered ${nameOf(answer)}`)
      if (ask !== 'token') return
      if (answer.status === 502 && answer.retryAfter !== null) told += 1
      const ledger = needy.has(tenant) ? withNothing : atHand
      ledger.add(answer)
    },
  })
  await wait(ms)
  await pressure.end(() => {})
  say(
    `  ${NEEDY} connections with nothing at hand: ${withNothing.describe()}; ${told} of these were ` +
      'told when to come again',
  )
  say(`  ${CONNECTIONS - NEEDY} with tokens at hand: ${atHand.describe()}`)
  for (const name of withNothing.counts().keys())
    if (!HELD.includes(name)) problem(`with nothing at hand: answered ${name}`)
  for (const name of atHand.counts().keys())
    if (name !== '200') problem(`with tokens at hand: answered ${name}`)
}

/** What Samsung has seen of it, and what customers would have. */
async function judgeOutage(
  { say, problem }: ScenarioContext,
  { rig, tenants, truth }: World,
  ms: number,
): Promise<void> {
  const asked = rig.sandbox.record().requests.filter(({ on }) => on === 'token')
  const probes = Math.ceil(ms / PROBE_EVERY_MS) + 1
  const most = THRESHOLD * REPLICAS + WORKERS + probes
  say(
    `  Samsung was asked ${asked.length} times; bound ${most}: threshold × replicas, one request each ` +
      `that was on its way, one probe each ${PROBE_EVERY_MS / 1000} s`,
  )
  if (asked.length > most) problem(`${asked.length} token requests during the outage, not ${most}`)
  const standings = await Promise.all(tenants.map(truth.look))
  const lost = standings.filter(({ state }) => state === 'consent_required')
  if (lost.length > 0) problem(`${lost.length} connections are consent_required`)
  const list = await rig.call('GET', '/v1/connections?limit=1&status=consent_required')
  if (list.status !== 200 || list.body.data.length > 0)
    problem(`the list says consent_required: ${JSON.stringify(list.body)}`)
}

interface Alarms {
  readonly raised: number
  readonly over: number
}

function alarmsOf(world: World): Alarms {
  const output = world.output()
  return {
    raised: eventsNamed(output, 'operator_alarm').length,
    over: eventsNamed(output, 'operator_alarm_over').length,
  }
}

function judgeAlarms({ say, problem }: ScenarioContext, before: Alarms, after: Alarms): void {
  const [raised, over] = [after.raised - before.raised, after.over - before.over]
  say(`  alarms raised: ${raised}, alarms ended: ${over}, in all replicas together`)
  if (raised !== 1 || over !== 1) problem(`${raised} alarms raised and ${over} ended, not 1 and 1`)
}
