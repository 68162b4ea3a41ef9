import type { Scope } from '../../../../src/config/config.ts'
import { verifierPair } from '../../consent/support/world.ts'
import { PROGRAM } from '../../vault/support/world.ts'
import { RETURN_URL } from './world.ts'

/** A route of `/v1` and a request that it takes. `{session}` and `{connection}` stand for ids. */
export interface V1Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly scope: Scope
  readonly body?: Readonly<Record<string, unknown>>
  /** Also takes no body at all. */
  readonly bodyIsOptional?: true
}

const SESSION_BODY = {
  program: PROGRAM,
  tenant_ref: 'tenant-9',
  return_url: RETURN_URL,
  code_challenge: verifierPair().challenge,
}

const CONNECTION_BODY = { program: 'one-eu', tenant_ref: 'tenant-9' }

const PROOF = { result_code: 'r'.repeat(43), code_verifier: 'v'.repeat(43) }

/** Every route of `/v1`; a test compares the list with the routers. */
export const ROUTES: readonly V1Route[] = [
  { method: 'POST', path: '/v1/connect-sessions', scope: 'connect', body: SESSION_BODY },
  { method: 'GET', path: '/v1/connect-sessions/{session}', scope: 'connect' },
  {
    method: 'POST',
    path: '/v1/connect-sessions/{session}/complete',
    scope: 'connect',
    body: PROOF,
  },
  { method: 'GET', path: '/v1/connections', scope: 'connections:read' },
  { method: 'POST', path: '/v1/connections', scope: 'connect', body: CONNECTION_BODY },
  { method: 'GET', path: '/v1/connections/{connection}', scope: 'connections:read' },
  { method: 'DELETE', path: '/v1/connections/{connection}', scope: 'connections:write' },
  {
    method: 'POST',
    path: '/v1/connections/{connection}/token',
    scope: 'tokens',
    body: { min_ttl_seconds: 60 },
    bodyIsOptional: true,
  },
  {
    method: 'POST',
    path: '/v1/connections/{connection}/verify',
    scope: 'connections:read',
    body: {},
    bodyIsOptional: true,
  },
]

export const nameOf = ({ method, path }: V1Route): string => `${method} ${path}`

/** `it.each` rows. */
export const rows = (routes: readonly V1Route[]): (readonly [string, V1Route])[] =>
  routes.map((route) => [nameOf(route), route])
