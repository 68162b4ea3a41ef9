import { setTimeout as wait } from 'node:timers/promises'
import { createBalancer } from '../load/balancer.ts'
import { eventsNamed } from '../load/events.ts'
import { linesAbout } from '../load/evidence.ts'
import type { Heard } from '../load/heard.ts'
import { judgeManners, judgeProcesses, judgeRotations } from '../load/judge.ts'
import { createRandom } from '../load/random.ts'
import { judgeStandings, settle } from '../load/settle.ts'
import { startTraffic, type Traffic } from '../load/traffic.ts'
import type { World } from '../load/world.ts'
import type { ScenarioContext } from '../scenario.ts'

/** Something that is done to the servers of the store while tokens are renewed. */
export interface Blow {
  readonly name: string
  strike(): Promise<void>
  /** Puts right what was done; resolves when the servers are as many and as well as before. */
  mend(): Promise<void>
}

export interface BlowOptions {
  /** Every answer must be good again so long after the blow. */
  readonly withinMs: number
  /** How long the load goes on after that, and what is asked then must be answered. */
  readonly marginMs: number
  /**
   * Ends sooner: when another server decides and nothing was refused for so long. Absent: never, since
   * what comes late would not be seen.
   */
  readonly quietMs?: number
}

type Voice = Pick<ScenarioContext, 'say' | 'problem'>

const WORKERS = 12
const PAUSE_MS = 30
/** A replaced token makes the service use, and so renew, the Samsung Account token. */
const SHARES = { token: 4, replace: 4, read: 1, list: 1 } as const
const SEED = 1
const LOOK_MS = 100
const CHANGED = 'store_primary_changed'

/** The load on a store that is being struck, and what came back. */
export interface Siege {
  strike(blow: Blow, options: BlowOptions): Promise<void>
  /** Ends the load and judges what is stored. */
  end(): Promise<void>
}

/** An answer that was no good, by when it came. */
interface Refusal {
  readonly at: number
  readonly answer: Heard
}

/** Starts the load. */
export function besiege(voice: Voice, world: World): Siege {
  const { rig, replicas, tenants } = world
  const balancer = createBalancer(
    replicas.map(({ url }) => url),
    rig.stack.apiKey(),
  )
  const manners = judgeManners(voice, rig.sandbox)
  const refusals: Refusal[] = []
  const traffic = startTraffic({
    balancer,
    tenants,
    workers: WORKERS,
    pauseMs: PAUSE_MS,
    shares: SHARES,
    random: createRandom(SEED),
    onAnswer(ask, tenant, answer) {
      manners.check(ask, tenant, answer)
      if (answer.status !== 200) refusals.push({ at: performance.now(), answer })
    },
  })

  /** Resolves when all that was asked for was seen. */
  async function isOver(
    startedAt: number,
    { withinMs, marginMs, quietMs = Number.POSITIVE_INFINITY }: BlowOptions,
    events: ReadonlyMap<string, number>,
  ): Promise<void> {
    const struckAt = performance.now()
    const isQuiet = (): boolean => {
      const quietSince = refusals.at(-1)?.at ?? struckAt
      const hasChanged = countEvents(world).get(CHANGED) !== events.get(CHANGED)
      return hasChanged && performance.now() - quietSince > quietMs
    }
    while (performance.now() - startedAt < withinMs + marginMs && !isQuiet()) await wait(LOOK_MS)
  }

  return {
    async strike({ name, strike, mend }, options) {
      const before = { total: totalsOf(traffic), events: countEvents(world) }
      refusals.length = 0
      const startedAt = performance.now()
      await strike()
      await isOver(startedAt, options, before.events)
      const { withinMs } = options
      const backAfterMs = Math.max(0, ...refusals.map(({ at }) => at - startedAt))
      const events = describe(countEvents(world), before.events)
      const counted = `${totalsOf(traffic) - before.total} answers, ${refusals.length} refusals`
      voice.say(`${name}: back after ${seconds(backAfterMs)}, allowed ${seconds(withinMs)}`)
      voice.say(`  ${counted}; ${events}`)
      if (backAfterMs > withinMs)
        voice.problem(`${name}: the last refusal came after ${seconds(backAfterMs)}`)
      refusals.length = 0
      const mendedAt = performance.now()
      await mend()
      const tookMs = performance.now() - mendedAt
      voice.say(`  all servers are back after ${seconds(tookMs)}; ${refusals.length} refusals`)
    },

    async end() {
      await traffic.stop()
      balancer.close()
      for (const line of traffic.lines()) voice.say(line)
      manners.report()
      await judgeEnd(voice, world)
    },
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const totalsOf = ({ ledgers }: Traffic): number =>
  Object.values(ledgers).reduce((sum, { total }) => sum + total, 0)

/** How often each thing worth telling was logged, by all services together. */
function countEvents(world: World): ReadonlyMap<string, number> {
  const told = ['tokens_held', 'write_reasserted', CHANGED, 'recovery_begun']
  const events = eventsNamed(world.output(), 'refresh_ended', ...told)
  const groups = Map.groupBy(events, ({ event, outcome }) =>
    event === 'refresh_ended' ? `renewals ${outcome}` : event,
  )
  return new Map([...groups].map(([name, { length }]) => [name, length]))
}

const describe = (now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): string =>
  [...now]
    .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .map(([name, more]) => `${name} × ${more}`)
    .join(', ')

/**
 * Judges that no renewal was lost: every connection holds the token that is good at Samsung, no token
 * was spent twice, and none is stored as older than what was reported as stored.
 */
async function judgeEnd(voice: Voice, world: World): Promise<void> {
  const settled = await settle(world)
  voice.say(`  afterwards: ${settled.answers}`)
  judgeStandings(voice, 'afterwards', settled.standings, true)
  const bad = settled.standings.find(({ state, held }) => state !== 'ok' || held !== 'live')
  if (bad !== undefined) for (const line of linesAbout(world, bad.tenant.id)) voice.say(line)
  judgeRotations(voice, world, { recoveriesAllowed: false })
  judgeProcesses(voice, world)
  const acknowledged = acknowledgedOf(world)
  voice.say(`  renewals acknowledged: ${[...acknowledged.values()].flat().length}`)
  for (const { tenant, generation } of settled.standings) {
    const newest = Math.max(0, ...(acknowledged.get(tenant.id) ?? []))
    if (newest > generation)
      voice.problem(`${tenant.id}: renewal ${newest} was acknowledged, ${generation} is stored`)
  }
}

/** Generations that were reported as stored, by connection. */
function acknowledgedOf(world: World): ReadonlyMap<string, readonly number[]> {
  const acknowledged = new Map<string, number[]>()
  for (const { connectionId, outcome, generation } of eventsNamed(
    world.output(),
    'refresh_ended',
  )) {
    if (outcome !== 'success') continue
    const id = String(connectionId)
    acknowledged.set(id, [...(acknowledged.get(id) ?? []), Number(generation)])
  }
  return acknowledged
}
