import { operation } from './openapi-operations.ts'
import { ON_PROXY } from './openapi-refusals.ts'
import type { JsonObject } from './openapi-requests.ts'
import { CONNECTION_ID } from './openapi-responses.ts'

/** Methods, and what an operation of each is called. HEAD is a GET without its body. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

const connectionId = { name: 'id', in: 'path', required: true, schema: CONNECTION_ID }

const path = {
  name: 'path',
  in: 'path',
  required: true,
  description:
    "Knox's own path without its first slash, such as kcs/v1/kme/profiles/list; slashes are not escaped. " +
    'Its query follows as it is.',
  schema: { type: 'string', minLength: 1 },
}

/** Whatever Samsung says, of any type. */
const any = { '*/*': { schema: {} } }

const call = (method: (typeof METHODS)[number]): JsonObject =>
  operation({
    id: `${method}Knox`,
    summary: `Make a ${method.toUpperCase()} of Knox for the customer`,
    description:
      "Samsung's answer comes back as it is, whatever its status. Answers with the header x-knoxgate-error are " +
      "not Samsung's, and are problem documents.",
    scope: 'proxy',
    ...(method === 'get' || method === 'delete' ? {} : { body: { required: false, content: any } }),
    answers: {
      '2XX': {
        description: "Samsung's answer.",
        headers: { 'x-trace-id': { $ref: '#/components/headers/TraceId' } },
        content: any,
      },
    },
    refusals: ON_PROXY,
  })

/** The proxy: one route, and an operation for each method. */
export const proxyPaths: JsonObject = {
  '/v1/connections/{id}/knox/{path}': {
    parameters: [connectionId, path],
    ...Object.fromEntries(METHODS.map((method) => [method, call(method)])),
  },
}
