import { expect, it } from '@jest/globals'
import { factsFromInfo } from '../../../src/vault/redis-facts.ts'

const GOOD = {
  redis_version: '7.0.15',
  role: 'master',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
}

/** An `INFO` answer: sections, comments and all. */
const info = (fields: Record<string, string>): string =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join(
    '\r\n',
  )

it('warns of nothing when nothing is wrong', () => {
  expect(factsFromInfo([info(GOOD)])).toEqual({
    kind: 'redis',
    version: '7.0.15',
    role: 'master',
    warnings: [],
  })
})

it.each([
  [{ redis_version: '6.2.0' }, []],
  [{ redis_version: '6.10.0' }, []],
  [{ redis_version: '10.0.0' }, []],
  [{ redis_version: '6.0.16' }, ['redis is older than 6.2']],
  [{ redis_version: '5.9.9' }, ['redis is older than 6.2']],
  [{ role: 'slave' }, ['role is not master']],
  [{ maxmemory_policy: 'volatile-ttl' }, ['eviction policy is not noeviction']],
  [{ aof_enabled: '0' }, ['no append-only file']],
  [{ aof_last_write_status: 'err' }, ['the append-only file is failing']],
])('for %j warns of %j', (change, warnings) => {
  expect(factsFromInfo([info({ ...GOOD, ...change })]).warnings).toEqual(warnings)
})

it('names what is wrong with any master of a cluster, once', () => {
  const bad = info({ ...GOOD, aof_enabled: '0' })

  expect(factsFromInfo([info(GOOD), bad, bad]).warnings).toEqual(['no append-only file'])
})

it('warns of nothing that the server does not say', () => {
  expect(factsFromInfo(['# Server\r\n'])).toEqual({ kind: 'redis', warnings: [] })
})
