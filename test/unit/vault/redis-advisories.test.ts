import { describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { advisoryOf } from '../../../src/vault/redis-advisories.ts'
import { factsOf } from '../../../src/vault/redis-facts.ts'
import { createRedisWatch } from '../../../src/vault/redis-watch.ts'
import type { StoreFacts } from '../../../src/vault/store.ts'

const redis = (version: string): StoreFacts => ({ kind: 'redis', version, risks: [], warnings: [] })

describe('a Redis without the fix of CVE-2025-49844', () => {
  it.each(['6.0.16', '6.2.19', '7.0.15', '7.2.10', '7.4.5', '8.0.3', '8.1.0', '8.2.1', '2.8.24'])(
    'is known by its version: %s',
    (version) => {
      expect(advisoryOf(redis(version))).toBe(
        `redis ${version} has CVE-2025-49844, unless its package was mended: it was fixed in 6.2.20, 7.2.11, 7.4.6, 8.0.4, 8.2.2`,
      )
    },
  )

  it.each(['6.2.20', '6.2.21', '7.2.11', '7.4.6', '8.0.4', '8.2.2', '8.4.0', '9.0.0', '10.0.0'])(
    'is none of %s',
    (version) => {
      expect(advisoryOf(redis(version))).toBeNull()
    },
  )

  it.each<Partial<StoreFacts>>([
    {},
    { kind: 'memory' },
    { kind: 'redis' },
    { kind: 'redis', version: '7.0' },
    { kind: 'redis', version: 'unstable' },
    { kind: 'memory', version: '7.0.15' },
  ])('is not assumed of %j', (facts) => {
    expect(advisoryOf(facts)).toBeNull()
  })

  it('is not taken for Valkey, which names a version of Redis as its own', () => {
    const info =
      'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nrole:master\r\n'
    const facts = factsOf([{ info, runsScripts: true, mayWait: true }], 0)

    expect(facts).toMatchObject({ version: '7.2.4', product: 'valkey', risks: [], warnings: [] })
    expect(advisoryOf(facts)).toBeNull()
    expect(advisoryOf({ kind: 'redis', version: '7.2.4' })).not.toBeNull()
  })

  it('is told of at the start, and again when it is another one', async () => {
    const lines: string[] = []
    const log = createLog('info', { write: (line) => void lines.push(line) })
    let version = '7.0.15'
    const describe = async () => redis(version)
    const watch = createRedisWatch({ describe, waived: [], publish: () => {}, log })

    for (const next of ['7.0.15', '7.0.15', '8.2.2', '8.2.1']) {
      version = next
      await watch.look()
    }

    const told = lines.map((line) => JSON.parse(line)).filter(({ event }) => event !== 'store_safe')
    expect(told.map(({ event, level, version }) => [event, level, version])).toEqual([
      ['store_outdated', 'warn', '7.0.15'],
      ['store_outdated', 'warn', '8.2.1'],
    ])
    expect(told[0].reason).toContain('CVE-2025-49844')
  })
})
