import type { StoreFacts } from './store.ts'

const OLDEST = [6, 2] as const

/** Reads the lines `name:value` of an `INFO` answer. */
const parseInfo = (info: string): ReadonlyMap<string, string> =>
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

function warningsOf(info: ReadonlyMap<string, string>): readonly string[] {
  const checks: readonly (readonly [string, (value: string) => boolean, string])[] = [
    ['redis_version', isOlder, 'redis is older than 6.2'],
    ['role', (role) => role !== 'master', 'role is not master'],
    ['maxmemory_policy', (name) => name !== 'noeviction', 'eviction policy is not noeviction'],
    ['aof_enabled', (flag) => flag !== '1', 'no append-only file'],
    ['aof_last_write_status', (status) => status !== 'ok', 'the append-only file is failing'],
  ]
  return checks.flatMap(([name, isWrong, warning]) => {
    const value = info.get(name)
    return value !== undefined && isWrong(value) ? [warning] : []
  })
}

/**
 * What the `INFO` answers of all masters say: version and role of the first, the warnings of every one.
 *
 * Keys that expire are few and short-lived, connections have no expiry: so any policy but
 * `noeviction` may drop a customer's consent, and without an append-only file a restart does.
 */
export function factsFromInfo(answers: readonly string[]): StoreFacts {
  const parsed = answers.map(parseInfo)
  const version = parsed[0]?.get('redis_version')
  const role = parsed[0]?.get('role')
  return {
    kind: 'redis',
    ...(version === undefined ? {} : { version }),
    ...(role === undefined ? {} : { role }),
    warnings: [...new Set(parsed.flatMap(warningsOf))],
  }
}
