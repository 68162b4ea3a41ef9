import type { RedisAddress } from '../shared/redis-url.ts'
import type { StoreFacts, StoreRisk } from './store.ts'

/** What one master says of itself, and what was found out by trying. */
export interface Inspection {
  /** Its `INFO` answer; null when it refuses to give one. */
  readonly info: string | null
  readonly runsScripts: boolean
  readonly mayWait: boolean
}

interface Finding {
  readonly risk: StoreRisk
  readonly warning: string
}

const OLDEST = [6, 2] as const

/** Reads the lines `name:value` of an `INFO` answer. */
export const parseInfo = (info: string): ReadonlyMap<string, string> =>
  new Map(
    info.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
}

const replicaLines = (info: ReadonlyMap<string, string>): readonly (readonly string[])[] =>
  [...info].flatMap(([name, value]) => (/^slave\d+$/.test(name) ? [value.split(',')] : []))

const isOnline = (line: readonly string[]): boolean => line.includes('state=online')

/** How many replicas are in step; one that is still copying the data cannot acknowledge anything. */
function replicasOf(info: ReadonlyMap<string, string>): number | undefined {
  const connected = info.get('connected_slaves')
  if (connected === undefined) return undefined
  const lines = replicaLines(info)
  // Some providers count their replicas and do not list them.
  return lines.length === 0 ? Number(connected) : lines.filter(isOnline).length
}

/** Where the replicas in step are, as their master says. */
export function placesOfReplicas(info: string): readonly RedisAddress[] {
  const fields = replicaLines(parseInfo(info))
    .filter(isOnline)
    .map((line) => new Map(line.map((field) => field.split('=', 2) as [string, string])))
  return fields.flatMap((field) => {
    const [host, port] = [field.get('ip'), Number(field.get('port'))]
    return host !== undefined && port > 0 ? [{ host, port }] : []
  })
}

type Check = readonly [string, (value: string) => boolean, StoreRisk, string]

/** Risks in the order of how soon they cost a consent. What the server does not say is no risk. */
const CHECKS: readonly Check[] = [
  ['redis_version', isOlder, 'version', 'redis is older than 6.2'],
  ['role', (role) => role !== 'master', 'role', 'role is not master'],
  [
    'maxmemory_policy',
    (name) => name !== 'noeviction',
    'eviction',
    'eviction policy is not noeviction',
  ],
  ['aof_enabled', (flag) => flag !== '1', 'persistence', 'no append-only file'],
  [
    'aof_last_write_status',
    (status) => status !== 'ok',
    'persistence',
    'the append-only file is failing',
  ],
]

const check = (info: ReadonlyMap<string, string>, checks: readonly Check[]): readonly Finding[] =>
  checks.flatMap(([name, isWrong, risk, warning]) => {
    const value = info.get(name)
    return value !== undefined && isWrong(value) ? [{ risk, warning }] : []
  })

/** A replica may be promoted at any time: then it must keep what it is given. */
const REPLICA_CHECKS = CHECKS.filter(([name]) => name !== 'role').map(
  ([name, isWrong, risk, warning]): Check => [name, isWrong, risk, `a replica: ${warning}`],
)

function findingsOf(
  { info, runsScripts, mayWait }: Inspection,
  replicasNeeded: number,
): readonly Finding[] {
  const found: Finding[] = []
  const parsed = parseInfo(info ?? '')
  if (info === null) found.push({ risk: 'unverified', warning: 'redis refuses INFO' })
  found.push(...check(parsed, CHECKS))
  if ((replicasOf(parsed) ?? replicasNeeded) < replicasNeeded)
    found.push({ risk: 'replicas', warning: 'fewer replicas than store.replicas' })
  if (!mayWait) found.push({ risk: 'replicas', warning: 'redis refuses WAIT' })
  if (!runsScripts) found.push({ risk: 'scripts', warning: 'redis refuses scripts' })
  return found
}

/**
 * What was found out about all masters: version and role of the first, the fewest replicas, the risks of
 * every one and of their replicas.
 *
 * Keys that expire are few and short-lived, connections have no expiry: so any policy but
 * `noeviction` may drop a customer's consent, and without an append-only file a restart does.
 *
 * @param replicasNeeded - `store.replicas`.
 * @param replicas - The `INFO` answer of every replica; null for one that gave none. Such a one may
 * just not be reachable from here, so it is told of and is no risk.
 */
export function factsOf(
  inspections: readonly Inspection[],
  replicasNeeded: number,
  replicas: readonly (string | null)[] = [],
): StoreFacts {
  const parsed = inspections.map(({ info }) => parseInfo(info ?? ''))
  const version = parsed[0]?.get('redis_version')
  const role = parsed[0]?.get('role')
  const isValkey = parsed[0]?.has('valkey_version') === true
  const counts = parsed.flatMap((info) => replicasOf(info) ?? [])
  const findings = [
    ...inspections.flatMap((one) => findingsOf(one, replicasNeeded)),
    ...replicas.flatMap((info) => check(parseInfo(info ?? ''), REPLICA_CHECKS)),
  ]
  const notes = replicas.includes(null) ? ['a replica gave no answer: it is not checked'] : []
  return {
    kind: 'redis',
    ...(version === undefined ? {} : { version }),
    ...(isValkey ? { product: 'valkey' } : {}),
    ...(role === undefined ? {} : { role }),
    ...(counts.length === 0 ? {} : { replicas: Math.min(...counts) }),
    durability: findings.length === 0 ? 'ok' : 'unsafe',
    risks: [...new Set(findings.map(({ risk }) => risk))],
    warnings: [...new Set([...findings.map(({ warning }) => warning), ...notes])],
  }
}
