import type { Scope } from '../config/config.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { EXAMPLES } from './openapi-examples.ts'
import { problems } from './openapi-refusals.ts'
import type { JsonObject } from './openapi-requests.ts'

/** A schema of the document, which has an example of the same name. */
type SchemaName = keyof typeof EXAMPLES

export interface Operation {
  readonly id: string
  readonly summary: string
  readonly description?: string
  /** The scope that the key must have. */
  readonly scope: Scope
  readonly body?: JsonObject
  readonly parameters?: readonly JsonObject[]
  /** The answers that are no refusals, by status. */
  readonly answers: JsonObject
  /** The refusals beyond those of every route. */
  readonly refusals: readonly ErrorCode[]
}

const content = (name: SchemaName): JsonObject => ({
  'application/json': {
    schema: { $ref: `#/components/schemas/${name}` },
    example: EXAMPLES[name],
  },
})

/** A request body. `optional` may be left out altogether. */
export const body = (name: SchemaName, presence: 'required' | 'optional'): JsonObject => ({
  required: presence === 'required',
  content: content(name),
})

/** A response with a JSON body. */
export const answer = (
  description: string,
  name: SchemaName,
  headers: JsonObject = {},
): JsonObject => ({
  description,
  headers: { 'x-trace-id': { $ref: '#/components/headers/TraceId' }, ...headers },
  content: content(name),
})

/** An operation of `/v1`. */
export const operation = ({ description, parameters, ...wanted }: Operation): JsonObject => ({
  operationId: wanted.id,
  summary: wanted.summary,
  ...(description === undefined ? {} : { description }),
  security: [{ api_key: [wanted.scope] }, { assertion: [wanted.scope] }],
  ...(parameters === undefined ? {} : { parameters }),
  ...(wanted.body === undefined ? {} : { requestBody: wanted.body }),
  responses: counted({ ...wanted.answers, ...problems(wanted.refusals) }),
})

const RATE_HEADERS = {
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
}

/** Responses to a request that counts for limits. */
const counted = (responses: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      { ...Object(response), headers: { ...RATE_HEADERS, ...Object(response).headers } },
    ]),
  )

/** A question that anybody may ask. @param answers - Its answers, by status. */
export const openQuestion = (id: string, summary: string, answers: JsonObject): JsonObject => ({
  operationId: id,
  summary,
  security: [],
  responses: answers,
})
