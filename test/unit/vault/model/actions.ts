import { Secret } from '../../../../src/shared/secret.ts'
import type { Callers } from './callers.ts'
import type { Strike } from './process.ts'
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

export function createActions(world: World, callers: Callers): Actions {
  const { time, truth, samsung, server, lines, report, ids } = world
  const idAt = (connection: number) => ids[connection % ids.length] ?? ids[0]
  const linesAt = (place: Place) => (place === 'all' ? lines : lines.slice(place, place + 1))

  /** The consent that the stored tokens came of. */
  function grantsOf(connection: number) {
    return truth.grants().filter(({ connectionId }) => connectionId === idAt(connection))
  }

  return {
    ask: (slot, connection, isRefused) => void callers.ask(slot, connection, { isRefused }),
    herd() {
      for (const slot of lines.keys())
        for (const connection of ids.keys()) callers.ask(slot, connection)
    },
    tick: (ms) => time.advance(ms),
    strike: (slot, strike) => world.replica(slot).process.strike(strike),

    restart(slot) {
      const old = world.replica(slot)
      world.replace(slot)
      old.drain()
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
      if (id === undefined) return
      const outcome = (text: string) => {
        if (process.end() === null) report.trace(process.name, `remove ${connection}: ${text}`)
      }
      remove(id).then(
        () => {
          outcome('done')
          if (process.end() === null) callers.noteDeleted(id)
        },
        (error: unknown) => outcome(String(error)),
      )
    },

    reconnect(slot, connection) {
      const id = idAt(connection)
      const { process, reconnect } = world.replica(slot)
      if (id === undefined) return
      const { access, refresh, accessExpiresAt } = truth.consent(id)
      const received = {
        accessToken: new Secret(access),
        refreshToken: new Secret(refresh),
        accessExpiresAt: accessExpiresAt + process.skewMs,
        userId: userOf(id),
        receivedAt: process.clock(),
      }
      const outcome = (text: string) => {
        if (process.end() === null) report.trace(process.name, `reconnect ${connection}: ${text}`)
      }
      reconnect(id, received).then(
        () => outcome('done'),
        (error: unknown) => outcome(String(error)),
      )
    },
  }
}
