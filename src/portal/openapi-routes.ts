import { Router } from 'express'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { allowMethods } from '../http/security.ts'
import { createOpenApiDocument, type OpenApiOptions } from './openapi.ts'

/** Route `GET /openapi.json`: the document, serialised once. Mount at the root, behind `apiSecurity`. */
export function createOpenApiRouter(options: OpenApiOptions): Router {
  const router = Router(EXACT_PATHS)
  const body = Buffer.from(JSON.stringify(createOpenApiDocument(options)))
  router
    .route('/openapi.json')
    .get((_req, res) => {
      // The one answer here that is no secret and the same for everybody.
      res.set('Cache-Control', 'public, max-age=300')
      res.type('json').send(body)
    })
    .all(allowMethods('GET'))
  return router
}
