import type { Connections, Snapshot } from '../vault/connections.ts'
import { currentBinding } from '../vault/record.ts'
import type { TokenSource } from '../vault/token-source.ts'
import { assertNotFrozen, type FreezeCheck } from './freezes.ts'

/**
 * Puts what is frozen into connections as they are read (`frozenAt`), so that everything behind the vault
 * goes by it: hand-outs, renewals, probes, status, counts. It is stored in one place only, and no record
 * has to be rewritten to freeze a portal with a hundred thousand of them.
 */
export function createFreezableConnections(
  connections: Connections,
  freezes: FreezeCheck,
): Connections {
  function marked(found: Snapshot | null): Snapshot | null {
    if (found === null) return null
    const { connection } = found
    const { id: connectionId, portalId } = connection
    const { program: programId } = currentBinding(connection)
    const freeze = freezes.find({ connectionId, portalId, programId })
    return freeze === null
      ? found
      : { ...found, connection: { ...connection, frozenAt: freeze.since } }
  }

  return {
    ...connections,
    async read(id) {
      await freezes.freshen()
      return marked(await connections.read(id))
    },
    // What is written may be the only copy of a token set: nothing is asked for its sake.
    update: async (...write) => marked(await connections.update(...write)),
  }
}

/**
 * Looks at what is frozen once more before a token leaves, whether it was at hand or has just been made: who
 * began to wait before the freeze gets none after it.
 */
export function createFreezableTokens(source: TokenSource, freezes: FreezeCheck): TokenSource {
  return {
    ...source,

    peek(portalId, connectionId, minTtlMs) {
      const kept = source.peek(portalId, connectionId, minTtlMs)
      if (kept === null) return null
      return freezes.allows({ connectionId, portalId, programId: kept.programId }) ? kept : null
    },

    async confirm(portalId, connectionId, minTtlMs) {
      const kept = await source.confirm(portalId, connectionId, minTtlMs)
      if (kept === null) return null
      await freezes.freshen()
      return freezes.allows({ connectionId, portalId, programId: kept.programId }) ? kept : null
    },

    async handOut(portalId, connectionId, request) {
      const handOut = await source.handOut(portalId, connectionId, request)
      const { programId } = handOut
      await assertNotFrozen(freezes, { connectionId, portalId, programId })
      return handOut
    },
  }
}
