import type { Breaker } from '../breaker/breaker.ts'
import { ServiceError } from '../shared/errors.ts'
import { isConnectionId, timeOfConnectionId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { type Clock, sleep } from '../shared/time.ts'
import type { Connections } from '../vault/connections.ts'
import { type Directory, placeOf } from '../vault/directory.ts'
import type { RecordCheck } from '../vault/record-check.ts'
import { type ConnectionStatus, statusOf } from '../vault/status.ts'
import type { UnreadableConnections } from '../vault/unreadable.ts'
import type { ConnectionCounts } from './metrics.ts'

export interface SweepDeps {
  readonly portals: readonly { readonly id: string }[]
  readonly connections: Connections
  readonly directory: Directory
  readonly breaker: Pick<Breaker, 'alarm'>
  /** Finds out whether all that is sealed in a connection can be opened. */
  readonly check: RecordCheck['connection']
  readonly unreadable: UnreadableConnections
  readonly publish: (counts: ConnectionCounts) => void
  readonly clock: Clock
  readonly log: Log
}

export interface Sweep {
  /** One pass over all connections: counts them by status, opens them, and repairs their hints. */
  run(): Promise<void>
  /** Runs passes until stopped. */
  start(): void
  stop(): void
}

const BATCH = 50
/** Between batches and between passes: the sweep must not be felt. */
const PAUSE_MS = 100
const EVERY_MS = 60_000
/** No creation takes longer than this. */
const CREATION_MS = 10 * 60_000

/** Creates the sweep of one process. */
export function createSweep(deps: SweepDeps): Sweep {
  const { portals, connections, directory, breaker, check, unreadable, publish, clock, log } = deps
  let stopped = false

  async function run(): Promise<void> {
    const counts = new Map<string, Map<ConnectionStatus, number>>()
    for (const { id } of portals) await sweepPortal(id, counts)
    await forgetDeleted()
    if (!stopped) publish(counts)
  }

  async function sweepPortal(
    portalId: string,
    counts: Map<string, Map<ConnectionStatus, number>>,
  ): Promise<void> {
    let after: string | null = null
    while (!stopped) {
      const ids: readonly string[] = await directory.list(portalId, after, BATCH)
      for (const id of ids) await visit(portalId, id, counts).catch(passUnreadable(id))
      after = ids.at(-1) ?? null
      if (ids.length < BATCH) return
      await sleep(PAUSE_MS)
    }
  }

  async function visit(
    portalId: string,
    id: string,
    counts: Map<string, Map<ConnectionStatus, number>>,
  ): Promise<void> {
    const found = await connections.read(id)
    if (found === null) return forget(portalId, id)
    if ((await check(found.connection)) === null) unreadable.opened(id)
    else unreadable.found(id)
    await directory.repair(found.connection)
    const { programId } = placeOf(found.connection)
    const { status } = statusOf(found.connection, clock(), breaker.alarm(programId))
    const ofProgram = counts.get(programId) ?? new Map<ConnectionStatus, number>()
    counts.set(programId, ofProgram.set(status, (ofProgram.get(status) ?? 0) + 1))
  }

  /** One record that nobody can read is an operator's concern, and no reason to leave the rest. */
  const passUnreadable = (id: string) => (error: unknown) => {
    if (!(error instanceof ServiceError) || error.code !== 'record_unreadable') throw error
    unreadable.found(id)
  }

  /** What was deleted is in no list any more, so that no pass comes by. */
  async function forgetDeleted(): Promise<void> {
    for (const [at, id] of unreadable.ids().entries()) {
      if (stopped) return
      const isGone = (await connections.read(id).catch(passUnreadable(id))) === null
      if (isGone) unreadable.gone(id)
      if (at % BATCH === BATCH - 1) await sleep(PAUSE_MS)
    }
  }

  /** Not while it may still be under way: its place in the list is written before it is. */
  async function forget(portalId: string, id: string): Promise<void> {
    if (isConnectionId(id) && clock() - timeOfConnectionId(id) < CREATION_MS) return
    await directory.removeFromList(portalId, id)
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      await run().catch((error: unknown) => log.warn('sweep_failed', { error }))
      await sleep(EVERY_MS)
    }
  }

  return {
    run,
    start: () => void loop(),
    stop() {
      stopped = true
    },
  }
}
