import fc from 'fast-check'
import type { FuzzRoute, QueryKind } from './routes.ts'
import { anyConnection, COUNTS, garbage, PATH_WORDS } from './words.ts'

/** What is done to a path that was good. */
type Twist = (path: string, at: number) => string

const insert =
  (what: string): Twist =>
  (path, at) =>
    path.slice(0, at) + what + path.slice(at)

const TWISTS: readonly Twist[] = [
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replace('/', '//'),
  (path) => path.replace(/\/(?=[^/]*$)/, '/./'),
  (path) => `/x/..${path}`,
  (path) => `/%2e%2e${path}`,
  (path) => path.replace(/\/(?=[^/]*$)/, '%2f'),
  (path) => path.replace(/\/(?=[^/]*$)/, '\\'),
  (path) => `${path};a=b`,
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path}#part`,
  (path) => `${path}/{{own:0}}`,
  (path) => `http://evil.example${path}`,
  (path) => `//evil.example${path}`,
  (path) => `https://user:pass@evil.example:1${path}`,
  (path) => path.slice(1),
  (path) => path.toUpperCase(),
  (path, at) => path.slice(0, at),
  (path, at) => path.slice(0, at) + encodeAt(path, at) + path.slice(at + 1),
  (path) => `${path}/${'a/'.repeat(400)}`,
  (path) => `${path}${'a'.repeat(9000)}`,
  () => '*',
  () => '/',
  () => 'evil.example:443',
  insert('%c3%28'),
  insert('\xff'),
  insert(' '),
  insert('\t'),
  insert('..;/'),
]

const encodeAt = (path: string, at: number): string =>
  `%${path
    .charCodeAt(Math.min(at, path.length - 1))
    .toString(16)
    .padStart(2, '0')}`

/** The path of a route with its names filled in, now and then spoilt. */
const pathOf = ({ path }: FuzzRoute): fc.Arbitrary<string> => {
  const parts = path.split(/(\{\w+\})/)
  const filled = fc
    .tuple(...parts.map((part) => PATH_WORDS[part.slice(1, -1)] ?? fc.constant(part)))
    .map((found) => found.join(''))
  const twisted = fc
    .tuple(filled, fc.constantFrom(...TWISTS), fc.nat({ max: 40 }))
    .map(([good, twist, at]) => twist(good, at))
  return fc.oneof({ weight: 9, arbitrary: filled }, { weight: 1, arbitrary: twisted })
}

const state = fc.nat({ max: COUNTS.session - 1 }).map((at) => `{{state:${at}}}`)
const anyState = fc.oneof({ weight: 3, arbitrary: state }, { weight: 1, arbitrary: garbage })

const FIELDS: Readonly<Record<QueryKind, readonly (readonly [string, fc.Arbitrary<string>])[]>> = {
  list: [
    ['limit', fc.constantFrom('1', '50', '0', '-1', '1.5', '99999999999', 'x')],
    ['status', fc.constantFrom('active', 'frozen', 'ACTIVE', '')],
    ['tenant_ref', fc.oneof(fc.constant('own-1'), garbage)],
    ['program', fc.oneof(fc.constant('{{program}}'), garbage)],
    ['cursor', fc.oneof(anyConnection, garbage)],
  ],
  callback: [
    ['code', fc.oneof(fc.constant('{"code":"abc","code_expires_in":"300"}'), garbage)],
    ['state', anyState],
    ['error', fc.oneof(fc.constant('access_denied'), garbage)],
    ['closedAction', fc.constantFrom('signInSuccess', 'x')],
    ['access_token', garbage],
  ],
  ended: [
    ['cause', fc.oneof(fc.constantFrom('denied', 'late', 'used', 'internal'), garbage)],
    ['session', PATH_WORDS.session ?? garbage],
    ['support_id', fc.oneof(fc.constant('0123-4567-89ab'), garbage)],
  ],
  handle: [['handle', garbage]],
  freeze: [
    ['target', fc.constantFrom('connection', 'portal', 'program', 'everything', 'x')],
    ['id', anyConnection],
  ],
  verbose: [['verbose', fc.constantFrom('', '0', 'x')]],
  asset: [['v', garbage]],
}

const ODD_QUERIES = [
  '',
  'a',
  '=',
  '&&&',
  '%c3%28=1',
  '__proto__[polluted]=1',
  'constructor[prototype][polluted]=1',
  '__proto__=1',
  'x=%0d%0aX-Injected:%201',
  'limit=1&limit=2',
  `x=${'a'.repeat(9000)}`,
  'a[]=1&a[b]=2',
  '?',
] as const

function queryOf({ query }: FuzzRoute): fc.Arbitrary<string> {
  const fields = query === undefined ? [] : FIELDS[query]
  const known = fields.map(([name, value]) => value.map((one) => `${name}=${one}`))
  const odd = fc.constantFrom(...ODD_QUERIES)
  const all = known.length === 0 ? [odd] : [...known, ...known, odd]
  const some = fc.array(fc.oneof(...all), { minLength: 1, maxLength: 4 })
  const present = some.map((pairs) => `?${pairs.join('&')}`)
  const weight = query === undefined ? 8 : 1
  return fc.oneof({ weight, arbitrary: fc.constant('') }, { weight: 1, arbitrary: present })
}

/** A request target for a route. */
export const targetOf = (route: FuzzRoute): fc.Arbitrary<string> =>
  fc.tuple(pathOf(route), queryOf(route)).map(([path, query]) => path + query)
