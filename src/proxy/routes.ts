import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Scope } from '../config/config.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { allowMethods } from '../http/security.ts'
import { remedied } from '../portal/remedied.ts'
import { ServiceError } from '../shared/errors.ts'
import { isConnectionId } from '../shared/ids.ts'
import type { PassOn } from './pass-on.ts'
import { isProxyMethod, METHODS } from './permit.ts'
import type { ProxyCaller } from './report.ts'
import { readTarget } from './target.ts'

export interface ProxyRouterDeps {
  readonly admit: (req: Request, res: Response, scope: Scope) => ProxyCaller
  readonly passOn: PassOn
}

/** What stands before Knox's own path. Read off the wire: a router has decoded before it matches. */
const TARGET = /^\/v1\/connections\/(conn_[0-9a-z]{32})\/knox(\/.*)$/s

/** Route `/v1/connections/{id}/knox/{path}`. It stands before whatever reads bodies. */
export function createProxyRouter({ admit, passOn }: ProxyRouterDeps): Router {
  const router = Router(EXACT_PATHS)

  const pass: RequestHandler = async (req, res) => {
    const caller = admit(req, res, 'proxy')
    const [, connectionId = '', raw = ''] = TARGET.exec(req.originalUrl) ?? []
    const { method } = req
    if (!isConnectionId(connectionId) || !isProxyMethod(method)) throw new ServiceError('not_found')
    await remedied(caller.portal, connectionId, async () => {
      const target = readTarget(raw)
      if ('rule' in target) throw new ServiceError('path_not_allowed', { detail: target.rule })
      await passOn({ caller, connectionId, method, target }, req, res)
    })
  }

  router
    .route('/connections/:id/knox/*path')
    .get(pass)
    .post(pass)
    .put(pass)
    .patch(pass)
    .delete(pass)
    .all(allowMethods(...METHODS))
  return router
}
