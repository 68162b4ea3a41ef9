import type { ConnectionId } from '../../../../src/shared/ids.ts'
import { Secret } from '../../../../src/shared/secret.ts'
import type { Callers } from './callers.ts'
import type { Process, Strike } from './process.ts'
import { type SamsungFault, userOf } from './samsung-ports.ts'
import type { StoreFault } from './store-line.ts'
import type { FailoverKind } from './store-server.ts'
import type { World } from './world.ts'

/** One place, or all of them. */
export type Place = number | 'all'

/** What can be done to the world; nothing waits for what it leads to, but {@link Actions.tick}. */
export interface Actions {
  ask(slot: number, connection: number, isRefused: boolean): void
  /** Everybody asks for everything everywhere. */
  herd(): void
  tick(ms: number): Promise<void>
  /** Time goes by, and all the while somebody asks for something somewhere. */
  busy(ms: number): Promise<void>
  /** Time goes by until the next access token has ended, and everybody asks for everything everywhere. */
  ripen(): Promise<void>
  strike(slot: number, strike: Strike): void
  /** SIGTERM, and another process at once. */
  restart(slot: number): void
  failStore(place: Place, faults: readonly StoreFault[]): void
  cutStore(place: Place, ms: number): void
  failover(kind: FailoverKind, count: number): Promise<void>
  failSamsung(faults: readonly SamsungFault[]): void
  refuseClient(ms: number): void
  /** Knox takes the connection's present access token no longer. */
  withdrawAccess(connection: number): void
  /** The customer withdraws the consent at Samsung. */
  revoke(connection: number): void
  remove(slot: number, connection: number): void
  reconnect(slot: number, connection: number): void
}

const ASK_EVERY_MS = 130

export function createActions(world: World, callers: Callers): Actions {
  const { time, truth, samsung, server, lines, report, ids, ledger, random } = world

  function idAt(connection: number): ConnectionId {
    const id = ids[connection]
    if (id === undefined) throw new RangeError('there is no such connection')
    return id
  }

  const linesAt = (place: Place) => (place === 'all' ? lines : lines.slice(place, place + 1))

  /** The consent that the stored tokens came of. */
  function grantsOf(connection: number) {
    return truth.grants().filter(({ connectionId }) => connectionId === idAt(connection))
  }

  function herd(): void {
    for (const slot of lines.keys())
      for (const connection of ids.keys()) callers.ask(slot, connection)
  }

  /** Hears what became of a request, if its process lives to say it. */
  function follow(
    process: Process,
    id: ConnectionId,
    what: 'deleted' | 'reconnected',
    work: Promise<void>,
    onDone: () => void = () => {},
  ): void {
    const tell = (outcome: string) =>
      report.trace(process.name, `${what} ${id.slice(-1)}: ${outcome}`)
    work.then(
      () => {
        if (process.end() !== null) return
        tell('done')
        ledger.noteDone(process, id, what)
        onDone()
      },
      (error: unknown) => process.end() === null && tell(String(error)),
    )
  }

  return {
    ask: (slot, connection, isRefused) => void callers.ask(slot, connection, { isRefused }),
    herd,
    tick: (ms) => time.advance(ms),

    async busy(ms) {
      for (let left = ms; left > 0; left -= ASK_EVERY_MS) {
        callers.ask(random.below(lines.length), random.below(ids.length))
        await time.advance(Math.min(left, ASK_EVERY_MS))
      }
    },

    async ripen() {
      const ends = truth.grants().flatMap(({ newest }) => newest?.accessExpiresAt ?? [])
      const next = Math.min(...ends.filter((at) => at > time.now()))
      await time.advance(Number.isFinite(next) ? next - time.now() : 0)
      herd()
    },
    strike: (slot, strike) => world.replica(slot).process.strike(strike),

    restart(slot) {
      const old = world.replica(slot)
      world.replace(slot)
      void old.drain()
    },

    failStore(place, faults) {
      for (const line of linesAt(place)) line.fail(faults)
    },
    cutStore(place, ms) {
      for (const line of linesAt(place)) line.cut(time.now() + ms)
    },
    async failover(kind, count) {
      await server.failover(kind, count)
      world.tellOfFailover()
    },

    failSamsung: (faults) => samsung.fail(faults),
    refuseClient: (ms) => samsung.refuseClient(time.now() + ms),
    withdrawAccess(connection) {
      for (const { newest } of grantsOf(connection))
        if (newest !== null) newest.accessWithdrawn = true
    },
    revoke(connection) {
      for (const grant of grantsOf(connection)) grant.endedBy ??= 'customer'
    },

    remove(slot, connection) {
      const id = idAt(connection)
      const { process, remove } = world.replica(slot)
      follow(process, id, 'deleted', remove(id), () => callers.noteDeleted(id))
    },

    reconnect(slot, connection) {
      const id = idAt(connection)
      const { process, reconnect } = world.replica(slot)
      const { access, refresh, accessExpiresAt } = truth.consent(id)
      const received = {
        accessToken: new Secret(access),
        refreshToken: new Secret(refresh),
        accessExpiresAt: accessExpiresAt + process.skewMs,
        userId: userOf(id),
        receivedAt: process.clock(),
      }
      follow(process, id, 'reconnected', reconnect(id, received))
    },
  }
}
