import { Router } from 'express'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { jsonBody } from '../http/json-body.ts'
import { allowMethods } from '../http/security.ts'
import type { AdminGate } from './gate.ts'
import type { Metrics } from './metrics.ts'
import type { Readiness } from './readiness.ts'

/** Liveness without I/O, and readiness that tells anonymous callers nothing but its status. */
export function createProbeRouter(readiness: Readiness): Router {
  const router = Router(EXACT_PATHS)
  router
    .route('/livez')
    .get((_req, res) => {
      res.json({ status: 'live' })
    })
    .all(allowMethods('GET'))
  router
    .route('/readyz')
    .get(async (_req, res) => {
      const ready = await readiness.isReady()
      if (!ready) res.set('Retry-After', '1')
      res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready' })
    })
    .all(allowMethods('GET'))
  return router
}

export interface AdminRouterDeps {
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly gate: AdminGate
  /** More routes, each behind the gate. */
  readonly routers: readonly Router[]
  readonly bodyLimitBytes: number
}

/** Routes of the admin listener; all but liveness and the plain status need a credential of its own. */
export function createAdminRouter(deps: AdminRouterDeps): Router {
  const { readiness, metrics, gate, routers, bodyLimitBytes } = deps
  const router = Router(EXACT_PATHS)

  router.get('/readyz', async (req, res, next) => {
    if (!('verbose' in req.query)) return next()
    gate.admit(req)
    const { ready, body } = await readiness.report()
    return res.status(ready ? 200 : 503).json(body)
  })
  router.use(createProbeRouter(readiness))
  router.use((req, _res, next) => {
    gate.admit(req)
    next()
  })
  router.use(jsonBody({ limitBytes: bodyLimitBytes }))
  router
    .route('/metrics')
    .get(async (_req, res) => {
      const { contentType, text } = await metrics.render()
      res.set('Content-Type', contentType).send(text)
    })
    .all(allowMethods('GET'))
  router
    .route('/admin/v1/status')
    .get(async (_req, res) => {
      const { body } = await readiness.report()
      res.json(body)
    })
    .all(allowMethods('GET'))
  for (const one of routers) router.use(one)
  return router
}
