import type { Listener } from './exchange.ts'

/** What a route takes: a template of its path, its methods, and what a body looks like. */
export interface FuzzRoute {
  readonly listener: Listener
  /** In braces: what `words.ts` has values for. */
  readonly path: string
  readonly methods: readonly string[]
  readonly body?: BodyKind
  readonly query?: QueryKind
}

export type BodyKind =
  | 'session'
  | 'connection'
  | 'completion'
  | 'token'
  | 'empty'
  | 'new_key'
  | 'rotate'
  | 'expire'
  | 'freeze'
  | 'connect_form'
  | 'callback_form'

export type QueryKind = 'list' | 'ended' | 'callback' | 'handle' | 'freeze' | 'verbose' | 'asset'

const route = (
  listener: Listener,
  methods: string,
  path: string,
  takes: Pick<FuzzRoute, 'body' | 'query'> = {},
): FuzzRoute => ({ listener, path, methods: methods.split(' '), ...takes })

const KEYS = '/admin/v1/portals/{portal}/keys'

/** Every route of both listeners; a test compares the list with the routers. */
export const FUZZ_ROUTES: readonly FuzzRoute[] = [
  route('public', 'GET', '/livez'),
  route('public', 'GET', '/readyz'),
  route('public', 'GET', '/openapi.json'),
  route('public', 'POST', '/v1/connect-sessions', { body: 'session' }),
  route('public', 'GET', '/v1/connect-sessions/{session}'),
  route('public', 'POST', '/v1/connect-sessions/{session}/complete', { body: 'completion' }),
  route('public', 'GET', '/v1/connections', { query: 'list' }),
  route('public', 'POST', '/v1/connections', { body: 'connection' }),
  route('public', 'GET DELETE', '/v1/connections/{connection}'),
  route('public', 'POST', '/v1/connections/{connection}/token', { body: 'token' }),
  route('public', 'POST', '/v1/connections/{connection}/verify', { body: 'empty' }),
  route('public', 'GET POST PUT PATCH DELETE', '/v1/connections/{connection}/knox/{path}', {
    body: 'empty',
  }),
  route('public', 'GET', '/connect/ended', { query: 'ended' }),
  route('public', 'GET POST', '/connect/{session}', { body: 'connect_form' }),
  route('public', 'GET POST', '/callback/{program}', { body: 'callback_form', query: 'callback' }),
  route('public', 'GET', '/callback/{program}/continue', { query: 'handle' }),
  route('public', 'GET', '/assets/style.css', { query: 'asset' }),
  route('public', 'GET', '/assets/mark.svg', { query: 'asset' }),
  route('admin', 'GET', '/livez'),
  route('admin', 'GET', '/readyz', { query: 'verbose' }),
  route('admin', 'GET', '/metrics'),
  route('admin', 'GET', '/admin/v1/status'),
  route('admin', 'GET POST', KEYS, { body: 'new_key' }),
  route('admin', 'DELETE', `${KEYS}/{key}`),
  route('admin', 'POST', `${KEYS}/{key}/rotate`, { body: 'rotate' }),
  route('admin', 'POST', `${KEYS}/{key}/expire`, { body: 'expire' }),
  route('admin', 'GET POST DELETE', '/admin/v1/freezes', { body: 'freeze', query: 'freeze' }),
]
