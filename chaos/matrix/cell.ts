import { setTimeout as wait } from 'node:timers/promises'
import { TOKEN_PATH } from '../../src/sandbox/urls.ts'
import { type Cleanup, createCleanup } from '../../test/support/cleanup.ts'
import { expire, storedConnection } from '../../test/support/stored-connection.ts'
import { type Asking, isFinal, type Told } from './asking.ts'
import type { Evidence } from './evidence.ts'
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
export const STOPPED_MS = TIMES.leaseMs + 1000
/** From the end, or the going on, of a process until its connection must have settled. */
export const SETTLE_MS = TIMES.leaseMs + 2 * TIMES.timeoutMs + TIMES.commitBudgetMs + 2000
const REACH_MS = 10_000
const PAUSE_MS = 100

/**
 * Runs one cell, and collects what is to be judged.
 *
 * @throws Error when the point was not reached.
 */
export async function runCell(cell: Cell, world: World, customer: Customer): Promise<Evidence> {
  const cleanup = createCleanup()
  try {
    return await run(cell, world, customer, cleanup)
  } finally {
    await cleanup.run()
  }
}

async function run(
  { point, blow }: Cell,
  world: World,
  customer: Customer,
  cleanup: Cleanup,
): Promise<Evidence> {
  const { connectionId } = customer
  const { peer, db } = world
  const peerOutputBefore = peer.output().length
  const victim = await startVictim(world, cleanup, point.environment)
  const wire = createTripwire()
  await expire(db, connectionId)
  const { generation } = (await storedConnection(db, connectionId)).record
  point.set(wire, victim.ways, { connectionId, generation })

  const told: Told[] = []
  const ask = async (who: Pick<Victim, 'ask'>): Asking => {
    const answer = await who.ask(connectionId)
    told.push(answer)
    return answer
  }
  const first = ask(victim)
  await reached(wire, point, first)
  if (blow === 'SIGKILL') await kill(victim, wire)
  else
    await pause(
      victim,
      () => wire.release(point.whenStopped),
      () => ask(peer),
    )
  const startedAt = performance.now()
  await first
  await settle(() => ask(peer))
  const settledAfterMs = performance.now() - startedAt
  // What the process still holds, it commits now at the latest.
  const exitCode = blow === 'SIGSTOP' ? await victim.end() : null
  const settled = await settle(() => ask(peer))
  const proof = settled.status === 200 ? await prove(world, customer, () => ask(peer)) : undefined
  return {
    told,
    settled,
    settledAfterMs,
    exitCode,
    proof,
    intents: { victim: victim.intents, peer: peer.intents.filter(isOf(customer)) },
    spent: victim.ways.upstream.requested(TOKEN_PATH),
    output: { victim: victim.output(), peer: peer.output().slice(peerOutputBefore) },
    stored: JSON.stringify(await storedConnection(db, connectionId)),
    requests: refreshesOf(world, customer),
    survived: blow === 'SIGSTOP',
  }
}

const isOf =
  ({ connectionId }: Customer) =>
  (one: { readonly connectionId: string }): boolean =>
    one.connectionId === connectionId

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
async function pause(victim: Victim, release: () => void, askPeer: () => Asking): Promise<void> {
  await victim.freeze()
  release()
  const until = performance.now() + STOPPED_MS
  const asked: Asking[] = []
  while (performance.now() < until) {
    asked.push(askPeer())
    await wait(PAUSE_MS)
  }
  victim.thaw()
  await Promise.all(asked)
}

/** Asks until the answer is one that stays, or until it must have been. */
async function settle(askPeer: () => Asking): Asking {
  const until = performance.now() + SETTLE_MS
  for (;;) {
    const answer = await askPeer()
    if (isFinal(answer) || performance.now() > until) return answer
    await wait(PAUSE_MS)
  }
}

/** Renews once more: what is stored must be what Samsung holds to be alive. */
async function prove(
  world: World,
  customer: Customer,
  askPeer: () => Asking,
): Promise<NonNullable<Evidence['proof']>> {
  const family = world.sandbox.record().families.find(({ id }) => id === customer.family)
  await expire(world.db, customer.connectionId)
  const told = await askPeer()
  const request = refreshesOf(world, customer).at(-1)
  return { live: family?.liveRefreshToken ?? null, told, request }
}

const refreshesOf = ({ sandbox }: World, { family }: Customer) =>
  sandbox
    .record()
    .requests.filter((one) => one.grantType === 'refresh_token' && one.family === family)
