import { ERRORS, type ErrorCode } from '../shared/errors.ts'
import { problemExample } from './openapi-examples.ts'
import { openApiPaths } from './openapi-paths.ts'
import { type JsonObject, requestSchemas } from './openapi-requests.ts'
import { RESPONSE_SCHEMAS } from './openapi-responses.ts'

export interface OpenApiOptions {
  readonly version: string
  /** Largest `limit` of a list. */
  readonly pageLimit: number
}

const DESCRIPTION = `Live Samsung Knox credentials for the customers of a portal.

Call it from the backend of the portal only: an API key must never reach a browser. Every refusal is a
problem document (RFC 9457). Unknown request fields are refused; responses may gain members.`

/**
 * Makes the OpenAPI 3.1 document of the public listener: `/v1`, the probes and itself. The pages for
 * browsers are no API and not in it.
 *
 * Request schemas come from the schemas that the routes parse with, problem documents from the table
 * of errors.
 */
export function createOpenApiDocument({ version, pageLimit }: OpenApiOptions): JsonObject {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return {
    openapi: '3.1.1',
    info: {
      title: 'knoxgate',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: openApiPaths(pageLimit),
    components: {
      securitySchemes: {
        api_key: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'kg_<id>_<secret>',
          description: "The portal's API key. Roles are the scopes of its entry.",
        },
        assertion: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A JWT that the portal has signed for this one call (RFC 7523 §3). Roles are the scopes of its key.',
        },
      },
      schemas: { ...requestSchemas(), ...RESPONSE_SCHEMAS },
      headers: {
        TraceId: {
          description: 'Id of the request in the log; may be absent from a token at hand.',
          schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
        },
        RetryAfter: {
          description: 'Seconds to wait at least.',
          schema: { type: 'integer', minimum: 1 },
        },
        RateLimitPolicy: {
          description:
            'The limits that the request counts for: calls (q) in a window of seconds (w).',
          schema: { type: 'string' },
          example: '"address";q=20000;w=10, "key";q=10000;w=10, "connection";q=5000;w=10',
        },
        RateLimit: {
          description:
            'The one that is nearest to its end: calls left (r), seconds until then (t).',
          schema: { type: 'string' },
          example: '"connection";r=4990;t=7',
        },
      },
      examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
    },
  }
}
