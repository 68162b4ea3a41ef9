import type { FreezeCheck } from '../../../../src/access/freezes.ts'

/** What is frozen, without a store: connections and portals by their ids. */
export function createFreezeSet() {
  const frozen = new Set<string>()
  const find: FreezeCheck['find'] = ({ connectionId = '', portalId, programId }) => {
    const id = [connectionId, portalId, programId].find((one) => frozen.has(one))
    const target = id === connectionId ? 'connection' : id === portalId ? 'portal' : 'program'
    return id === undefined ? null : { target, id, since: 1, reason: 'a test', by: 'operate' }
  }
  const freezes: FreezeCheck = {
    find,
    allows: (scope) => find(scope) === null,
    freshen: async () => {},
  }
  return { frozen, freezes }
}
