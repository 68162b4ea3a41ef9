import { type Request, Router } from 'express'
import type { Freeze, FreezePlace } from '../access/freezes.ts'
import type { KillSwitches } from '../access/kill-switches.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { readBody } from '../http/json-body.ts'
import { allowMethods } from '../http/security.ts'
import { parseQuery } from '../http/validate.ts'
import { ServiceError } from '../shared/errors.ts'
import { isConnectionId } from '../shared/ids.ts'
import { toRfc3339 } from '../shared/time.ts'
import type { Connections } from '../vault/connections.ts'
import type { AdminGate } from './gate.ts'
import { freezeBody, noBody, noQuery, unfreezeQuery } from './wire.ts'

export interface FreezeRouterDeps {
  readonly gate: AdminGate
  readonly switches: Pick<KillSwitches, 'list' | 'freeze' | 'unfreeze'>
  readonly portals: ReadonlyMap<string, unknown>
  readonly programs: ReadonlyMap<string, unknown>
  readonly connections: Pick<Connections, 'read'>
}

/** Routes under `/admin/v1/freezes`: the kill switches. */
export function createFreezeRouter(deps: FreezeRouterDeps): Router {
  const { gate, switches, portals, programs, connections } = deps
  const router = Router(EXACT_PATHS)

  router
    .route('/admin/v1/freezes')
    .get(async (req, res) => {
      enter(req)
      readBody(noBody, req)
      res.json({ data: (await switches.list()).map(viewFreeze) })
    })
    .post(async (req, res) => {
      const by = enter(req)
      const { reason, ...place } = readBody(freezeBody, req)
      // In an emergency a typing error must not pass for a freeze.
      if (!(await exists(place))) throw new ServiceError('not_found')
      res.json(viewFreeze(await switches.freeze(place, { reason, by })))
    })
    .delete(async (req, res) => {
      const by = gate.admit(req)
      readBody(noBody, req)
      const place = parseQuery(unfreezeQuery, req.originalUrl)
      if (!(await switches.unfreeze(place, by))) throw new ServiceError('not_found')
      res.status(204).end()
    })
    .all(allowMethods('GET', 'POST', 'DELETE'))

  function enter(req: Request) {
    const by = gate.admit(req)
    parseQuery(noQuery, req.originalUrl)
    return by
  }

  async function exists({ target, id = '' }: FreezePlace): Promise<boolean> {
    switch (target) {
      case 'connection':
        return isConnectionId(id) && (await connections.read(id)) !== null
      case 'portal':
        return portals.has(id)
      case 'program':
        return programs.has(id)
      case 'everything':
        return true
    }
  }

  return router
}

const viewFreeze = ({ target, id, since, reason, by }: Freeze) => ({
  target,
  id,
  since: toRfc3339(since),
  reason,
  by,
})
