import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Router,
} from 'express'
import { leadAway } from './consent/ended.ts'
import {
  createPageErrorHandler,
  createProblemHandler,
  notFoundHandler,
} from './http/error-handler.ts'
import { EXACT_PATHS } from './http/exact-paths.ts'
import { jsonBody } from './http/json-body.ts'
import type { Pages } from './http/pages.ts'
import { requestContext } from './http/request-context.ts'
import { apiSecurity, pageSecurity, urlLimit } from './http/security.ts'
import { storeLimit } from './http/store-limit.ts'
import type { Door } from './portal/admit.ts'
import type { Log } from './shared/log.ts'
import type { Clock } from './shared/time.ts'

export interface AppDeps {
  readonly door: Door
  /** Of `/v1`, behind the door; reads bodies itself. */
  readonly proxyRouter: Router
  /** Routers of `/v1`, behind the door. */
  readonly portalRouters: readonly Router[]
  readonly probeRouter: Router
  readonly openApiRouter: Router
  readonly assetRouter: Router
  readonly consentRouter: Router
  readonly pages: Pages
  /** Bounds those who ask for pages. */
  readonly pageLimit: RequestHandler
  readonly limits: { readonly bodyLimitBytes: number; readonly urlLimitBytes: number }
  /** How long one request waits for the store. */
  readonly storeLimitMs: number
  readonly log: Log
  readonly clock: Clock
}

/** An Express application without what its defaults give away or guess. */
function bareApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('case sensitive routing', true)
  app.set('strict routing', true)
  return app
}

/** The public application: probes, document, `/v1`, pages; each part ends its own errors. */
export function createApp(deps: AppDeps): Express {
  const { door, pages, limits, storeLimitMs, log, clock } = deps
  const app = bareApp()
  const tooLong = urlLimit({ limitBytes: limits.urlLimitBytes })
  app.use(requestContext({ log, clock }), storeLimit({ limitMs: storeLimitMs }))

  const probes = express.Router(EXACT_PATHS)
  probes.use(['/livez', '/readyz', '/openapi.json'], apiSecurity())
  probes.use(deps.probeRouter, deps.openApiRouter, createProblemHandler({ log }))
  app.use(probes)

  const v1 = express.Router(EXACT_PATHS)
  v1.use(apiSecurity(), tooLong, door.enter, deps.proxyRouter)
  v1.use(jsonBody({ limitBytes: limits.bodyLimitBytes }))
  for (const router of deps.portalRouters) v1.use(router)
  v1.use(notFoundHandler)
  app.use('/v1', v1, createProblemHandler({ log }))

  // First of all, so that a page of any status has these headers.
  app.use(pageSecurity({ formAction: 'none' }), tooLong, deps.pageLimit)
  app.use(deps.assetRouter, deps.consentRouter, notFoundHandler)
  app.use(createPageErrorHandler({ renderPage: pages.error, leadAway, log }))
  return app
}

/** The admin application, for a listener of its own. */
export function createAdminApp(deps: {
  readonly adminRouter: Router
  /** Bounds those who prove no credential. */
  readonly strangerLimit: ErrorRequestHandler
  readonly log: Log
  readonly clock: Clock
}): Express {
  const { adminRouter, strangerLimit, log, clock } = deps
  const app = bareApp()
  app.use(requestContext({ log, clock }), apiSecurity(), urlLimit({ limitBytes: 2048 }))
  app.use(adminRouter, notFoundHandler, strangerLimit, createProblemHandler({ log }))
  return app
}
