import { setTimeout as wait } from 'node:timers/promises'
import { TOKEN_PATH } from '../../src/sandbox/urls.ts'
import { createCleanup } from '../../test/support/cleanup.ts'
import { eventually } from '../../test/support/eventually.ts'
import { expire, storedConnection } from '../../test/support/stored-connection.ts'
import { type Asking, isFinal, type Told } from './asking.ts'
import { type Evidence, eventsOf, reportsOf } from './evidence.ts'
import type { StoredIntent } from './intents.ts'
import { TIMES } from './modes.ts'
import type { Point } from './points.ts'
import { createTripwire, type Tripwire } from './tripwire.ts'
import { startVictim, type Victim } from './victim.ts'
import type { Customer, World } from './world.ts'

export type Blow = 'SIGKILL' | 'SIGSTOP'

/** One process, ended or stopped at one point, while Samsung behaves in one way. */
export interface Cell {
  readonly point: Point
  readonly mode: string
  readonly blow: Blow
}

/** A stopped process goes on when its lease is over and somebody had the time to take over. */
const STOPPED_MS = TIMES.leaseMs + 1000
/** From the end, or the going on, of a process until its connection must have settled. */
export const SETTLE_MS = TIMES.leaseMs + 2 * TIMES.timeoutMs + TIMES.commitBudgetMs + 2000
const REACH_MS = 10_000
const PAUSE_MS = 100
const LOGGED_MS = 2000

/** Who a portal can ask for a token. */
type Askable = Pick<Victim, 'ask'>

/** One cell under way. */
interface Course {
  readonly cell: Cell
  readonly world: World
  readonly customer: Customer
  readonly victim: Victim
  /** Asks for a token; the answer is kept. */
  readonly ask: (who: Askable) => Asking
}

/**
 * Runs one cell, and collects what is to be judged.
 *
 * @throws Error when the point was not reached.
 */
export async function runCell(cell: Cell, world: World, customer: Customer): Promise<Evidence> {
  const cleanup = createCleanup()
  const told: Told[] = []
  const peerOutputBefore = world.peer.output().length
  try {
    const victim = await startVictim(world, cleanup, cell.point.environment)
    const ask = async (who: Askable): Asking => {
      const answer = await who.ask(customer.connectionId)
      told.push(answer)
      return answer
    }
    const course = { cell, world, customer, victim, ask }
    const found = { ...(await take(course)), told }
    const output = () => ({
      victim: victim.output(),
      peer: world.peer.output().slice(peerOutputBefore),
    })
    return { ...found, ...(await collect(course, output)) }
  } finally {
    await cleanup.run()
  }
}

/** The course of events: a renewal, the blow at its point, and how all that ends. */
async function take(
  course: Course,
): Promise<Pick<Evidence, 'settled' | 'settledAfterMs' | 'exitCode' | 'proof'>> {
  const { cell, world, customer, victim, ask } = course
  const wire = createTripwire()
  await expire(world.db, customer.connectionId)
  const { record } = await storedConnection(world.db, customer.connectionId)
  cell.point.set(wire, victim.ways, { connectionId: record.id, generation: record.generation })
  const first = ask(victim)
  await reached(wire, cell.point, first)
  if (cell.blow === 'SIGKILL') await kill(victim, wire)
  else await pause(course, wire)
  const startedAt = performance.now()
  await first
  await settle(course)
  const settledAfterMs = performance.now() - startedAt
  // What the process still holds, it commits now at the latest.
  const exitCode = cell.blow === 'SIGSTOP' ? await victim.end() : null
  const settled = await settle(course)
  const proof = settled.status === 200 ? await prove(course) : undefined
  return { settled, settledAfterMs, exitCode, proof }
}

/** What there is to see when all is over. */
async function collect(
  { cell, world, customer, victim }: Course,
  output: () => Evidence['output'],
): Promise<Pick<Evidence, 'intents' | 'spent' | 'survived' | 'output' | 'stored' | 'requests'>> {
  const survived = cell.blow === 'SIGSTOP'
  const intents = { victim: victim.intents, peer: world.peer.intents.filter(isOf(customer)) }
  await logged([...intents.peer, ...(survived ? intents.victim : [])], customer, output)
  return {
    intents,
    spent: victim.ways.upstream.requested(TOKEN_PATH),
    survived,
    output: output(),
    stored: JSON.stringify(await storedConnection(world.db, customer.connectionId)),
    requests: refreshesOf(world, customer),
  }
}

const isOf =
  ({ connectionId }: Customer) =>
  (one: { readonly connectionId: string }): boolean =>
    one.connectionId === connectionId

/** What a process has logged is read a little later than what it has answered. */
async function logged(
  intents: readonly StoredIntent[],
  { connectionId }: Customer,
  output: () => Evidence['output'],
): Promise<void> {
  const isReported = (intent: StoredIntent): boolean => {
    const { victim, peer } = output()
    return reportsOf(eventsOf(`${victim}\n${peer}`, connectionId), intent) > 0
  }
  // One that is never reported is for the judge.
  await eventually(() => intents.every(isReported), LOGGED_MS).catch(() => {})
}

async function reached(wire: Tripwire, { id }: Point, first: Asking): Promise<void> {
  const late = new AbortController()
  const never = wait(REACH_MS, undefined, { signal: late.signal }).then(() => 'it took too long')
  const answered = first.then(({ status, code }) => `the portal was told ${status} ${code ?? ''}`)
  const missed = await Promise.race([wire.reached, never.catch(() => ''), answered])
  late.abort()
  if (missed !== undefined) throw new Error(`${id} was not reached: ${missed}`)
}

async function kill(victim: Victim, wire: Tripwire): Promise<void> {
  await victim.kill()
  wire.release('cut')
}

/** The network does not wait for a process that stands still, nor do the others. */
async function pause({ cell, world, victim, ask }: Course, wire: Tripwire): Promise<void> {
  await victim.freeze()
  wire.release(cell.point.whenStopped)
  const until = performance.now() + STOPPED_MS
  const asked: Asking[] = []
  while (performance.now() < until) {
    asked.push(ask(world.peer))
    await wait(PAUSE_MS)
  }
  victim.thaw()
  await Promise.all(asked)
}

/** Asks until the answer is one that stays, or until it must have been. */
async function settle({ world, ask }: Course): Asking {
  const until = performance.now() + SETTLE_MS
  for (;;) {
    const answer = await ask(world.peer)
    if (isFinal(answer) || performance.now() > until) return answer
    await wait(PAUSE_MS)
  }
}

/** Renews once more: what is stored must be what Samsung holds to be alive. */
async function prove({ world, customer, ask }: Course): Promise<Evidence['proof']> {
  const family = world.sandbox.record().families.find(({ id }) => id === customer.family)
  await expire(world.db, customer.connectionId)
  const told = await ask(world.peer)
  const request = refreshesOf(world, customer).at(-1)
  return { live: family?.liveRefreshToken ?? null, told, request }
}

const refreshesOf = ({ sandbox }: World, { family }: Customer) =>
  sandbox
    .record()
    .requests.filter((one) => one.grantType === 'refresh_token' && one.family === family)
