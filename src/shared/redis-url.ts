import { Secret } from './secret.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

interface Access {
  readonly username?: string
  readonly password?: Secret
  readonly tls: boolean
}

/** Where Redis is and how it is reached. A union over `kind`. */
export type RedisTarget =
  | (Access & { readonly kind: 'single'; readonly address: RedisAddress; readonly db: number })
  | (Access & {
      readonly kind: 'sentinel'
      readonly sentinels: readonly RedisAddress[]
      /** What the sentinels call the group of servers they watch. */
      readonly name: string
      readonly db: number
    })
  | (Access & { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] })

const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/([^/?#]*)(?:\/([^?#]*))?$/
const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/
const DB = /^\d{1,4}$/

const REDIS_PORT = 6379
const SENTINEL_PORT = 26379

/** Names the rule and never the value, which may hold a password. */
const refuse = (rule: string): RangeError => new RangeError(`a Redis URL ${rule}`)

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse('must have its user name and password percent-encoded')
  }
}

function parseCredentials(text: string | undefined): Omit<Access, 'tls'> {
  if (text === undefined) return {}
  const colon = text.indexOf(':')
  const password = colon < 0 ? '' : decode(text.slice(colon + 1))
  if (password === '')
    throw refuse('with a user must have a password: user:password@ or :password@')
  const username = decode(text.slice(0, colon))
  return { ...(username === '' ? {} : { username }), password: new Secret(password) }
}

function parseAddress(text: string, defaultPort: number): RedisAddress {
  const [, v6, name, digits] = ADDRESS.exec(text) ?? []
  const host = v6 ?? name
  if (host === undefined) throw refuse('must name its servers as host or host:port')
  const port = digits === undefined ? defaultPort : Number(digits)
  if (port < 1 || port > 65_535) throw refuse('must have ports between 1 and 65535')
  return { host, port }
}

function parseDb(text: string): number {
  if (text === '') return 0
  if (!DB.test(text)) throw refuse('must have a number of up to four digits as its database')
  return Number(text)
}

function parsePlace(kind: string, hosts: readonly string[], path: string) {
  const defaultPort = kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT
  const [address, ...more] = hosts.map((host) => parseAddress(host, defaultPort))
  if (address === undefined) throw refuse('must name a server')
  if (kind === 'cluster') {
    if (parseDb(path) !== 0) throw refuse('of a cluster must not choose a database')
    return { kind, nodes: [address, ...more] } as const
  }
  if (kind === 'sentinel') {
    const [name = '', db = '', ...rest] = path.split('/')
    if (name === '' || rest.length > 0) throw refuse('of sentinels must end in /name or /name/db')
    return { kind, sentinels: [address, ...more], name: decode(name), db: parseDb(db) } as const
  }
  if (more.length > 0) throw refuse('with several servers must say +sentinel or +cluster')
  return { kind: 'single', address, db: parseDb(path) } as const
}

/**
 * Reads a Redis URL: `redis://[user:password@]host[:port][/db]`, `redis+sentinel://…h:p,h:p/name[/db]`
 * or `redis+cluster://…h:p,h:p`; with `rediss` in front, each over TLS.
 *
 * Ports default to 6379, and 26379 for sentinels. User and password are those of Redis itself, percent
 * encoded. No query: the options of a connection are not the operator's to break.
 *
 * @throws RangeError that names the broken rule and never the value.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme, kind = 'single', authority = '', path = ''] = FORM.exec(text) ?? []
  if (scheme === undefined) {
    throw refuse('must start with redis://, rediss://, redis+sentinel:// or redis+cluster://')
  }
  const at = authority.lastIndexOf('@')
  const credentials = parseCredentials(at < 0 ? undefined : authority.slice(0, at))
  const place = parsePlace(kind, authority.slice(at + 1).split(','), path)
  return { ...place, ...credentials, tls: scheme === 'rediss' }
}
