import { createVerifier } from '../../../scripts/stack/portal-client.ts'

/** What a route's one parameter names. */
export type Thing = 'connection' | 'session'

/** A route with a parameter, and a request that it takes from the thing's own portal. */
export interface ThingRoute {
  readonly name: string
  readonly method: string
  /** With `{id}`. */
  readonly path: string
  readonly thing: Thing
  readonly body?: Readonly<Record<string, unknown>>
}

/** Bodies that pass every rule, so that nothing but the id can be refused. */
const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'POST /v1/connections/{id}/token': { min_ttl_seconds: 60 },
  'POST /v1/connections/{id}/verify': {},
  'POST /v1/connections/{id}/knox/{path}': {},
  'PUT /v1/connections/{id}/knox/{path}': {},
  'PATCH /v1/connections/{id}/knox/{path}': {},
  'POST /v1/connect-sessions/{id}/complete': {
    result_code: 'r'.repeat(43),
    code_verifier: createVerifier().verifier,
  },
}

/** Methods of which a request has no body. */
const BARE = new Set(['GET', 'HEAD', 'DELETE'])

/**
 * Reads what can be asked for by its id out of the routes of a router.
 *
 * @param routes - Such as `GET /v1/connections/{id}`.
 * @throws Error for a route under `/v1` that nobody has said how to ask.
 */
export function thingRoutes(routes: readonly string[]): readonly ThingRoute[] {
  return routes
    .filter((name) => name.includes(' /v1/') && name.includes('{'))
    .map((name) => {
      const [method = '', template = ''] = name.split(' ')
      const path = template.replace('{path}', 'kcs/v1/kme/profiles/list')
      const thing = thingOf(path)
      const body = BODIES[name]
      if (thing === null || (body === undefined && !BARE.has(method)))
        throw new Error(`nobody has said how to ask ${name}: add it here`)
      return { name, method, path, thing, ...(body === undefined ? {} : { body }) }
    })
}

function thingOf(path: string): Thing | null {
  if (/^\/v1\/connections\/\{id\}(?:\/\w+|\/knox\/[\w/]+)?$/.test(path)) return 'connection'
  return /^\/v1\/connect-sessions\/\{id\}(?:\/\w+)?$/.test(path) ? 'session' : null
}
