import { type Request, Router } from 'express'
import type { PortalKeys } from '../access/portal-keys.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { readBody } from '../http/json-body.ts'
import { allowMethods } from '../http/security.ts'
import { parsePathId, parseQuery } from '../http/validate.ts'
import { refuseIdempotencyKey } from '../idempotency/idempotency-key.ts'
import type { AdminGate } from './gate.ts'
import { expireBody, newKeyBody, noBody, noQuery, rotateBody, viewKey } from './wire.ts'

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/
const isId = (text: string): text is string => ID.test(text)

export interface KeyRouterDeps {
  readonly gate: AdminGate
  readonly keys: PortalKeys
}

/** Routes under `/admin/v1/portals/{id}/keys`: the keys of a portal. An API key is shown once. */
export function createKeyRouter({ gate, keys }: KeyRouterDeps): Router {
  const router = Router(EXACT_PATHS)

  router
    .route('/admin/v1/portals/:portal/keys')
    .get(async (req, res) => {
      const { portalId } = enter(req)
      readBody(noBody, req)
      res.json({ data: (await keys.list(portalId)).map(viewKey) })
    })
    .post(async (req, res) => {
      const { portalId, by } = enter(req)
      refuseIdempotencyKey(req.headersDistinct['idempotency-key'])
      const { apiKey, key } = await keys.create(portalId, readBody(newKeyBody, req), by)
      res.status(201).json({ api_key: apiKey?.reveal(), key: viewKey(key) })
    })
    .all(allowMethods('GET', 'POST'))

  router
    .route('/admin/v1/portals/:portal/keys/:key')
    .delete(async (req, res) => {
      const change = enterKey(req)
      readBody(noBody, req)
      await keys.revoke(change)
      res.status(204).end()
    })
    .all(allowMethods('DELETE'))

  router
    .route('/admin/v1/portals/:portal/keys/:key/rotate')
    .post(async (req, res) => {
      const change = enterKey(req)
      refuseIdempotencyKey(req.headersDistinct['idempotency-key'])
      const { overlapMs, publicKey } = readBody(rotateBody, req)
      const { apiKey, key } = await keys.rotate(change, overlapMs, publicKey)
      res.status(201).json({ api_key: apiKey?.reveal(), key: viewKey(key) })
    })
    .all(allowMethods('POST'))

  router
    .route('/admin/v1/portals/:portal/keys/:key/expire')
    .post(async (req, res) => {
      const change = enterKey(req)
      res.json(viewKey(await keys.expire(change, readBody(expireBody, req).afterMs)))
    })
    .all(allowMethods('POST'))

  function enter(req: Request) {
    const by = gate.admit(req)
    parseQuery(noQuery, req.originalUrl)
    return { portalId: parsePathId(isId, req.params.portal), by }
  }

  const enterKey = (req: Request) => ({ ...enter(req), keyId: parsePathId(isId, req.params.key) })

  return router
}
