import { describe, expect, it } from '@jest/globals'
import { factsOf, type Inspection, placesOfReplicas } from '../../../src/vault/redis-facts.ts'

const GOOD = {
  redis_version: '7.0.15',
  role: 'master',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  connected_slaves: '0',
}

/** An `INFO` answer: sections, comments and all. */
const info = (fields: Record<string, string>): string =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join(
    '\r\n',
  )

const inspected = (
  change: Record<string, string> = {},
  tried: Partial<Inspection> = {},
): Inspection => ({
  info: info({ ...GOOD, ...change }),
  runsScripts: true,
  mayWait: true,
  ...tried,
})

const replica = (state: string) => `ip=127.0.0.1,port=6380,state=${state},offset=14,lag=0`

it('finds nothing when nothing is wrong', () => {
  expect(factsOf([inspected()], 0)).toEqual({
    kind: 'redis',
    version: '7.0.15',
    role: 'master',
    replicas: 0,
    durability: 'ok',
    risks: [],
    warnings: [],
  })
})

it.each([
  [{ redis_version: '6.2.0' }, [], []],
  [{ redis_version: '6.10.0' }, [], []],
  [{ redis_version: '10.0.0' }, [], []],
  [{ redis_version: '6.0.16' }, ['version'], ['redis is older than 6.2']],
  [{ redis_version: '5.9.9' }, ['version'], ['redis is older than 6.2']],
  [{ role: 'slave' }, ['role'], ['role is not master']],
  [{ maxmemory_policy: 'volatile-ttl' }, ['eviction'], ['eviction policy is not noeviction']],
  [{ aof_enabled: '0' }, ['persistence'], ['no append-only file']],
  [{ aof_last_write_status: 'err' }, ['persistence'], ['the append-only file is failing']],
  [
    { aof_enabled: '0', aof_last_write_status: 'err' },
    ['persistence'],
    ['no append-only file', 'the append-only file is failing'],
  ],
])('for %j finds %j', (change, risks, warnings) => {
  expect(factsOf([inspected(change)], 0)).toMatchObject({
    durability: risks.length === 0 ? 'ok' : 'unsafe',
    risks,
    warnings,
  })
})

describe('replicas', () => {
  const one = { connected_slaves: '1', slave0: replica('online') }
  const copying = { ...one, connected_slaves: '2', slave1: replica('send_bulk') }
  const unlisted = { connected_slaves: '2' }

  it.each([
    ['none', {}, 0, 0, []],
    ['one too few', {}, 1, 0, ['replicas']],
    ['just enough', one, 1, 1, []],
    ['one too few', one, 2, 1, ['replicas']],
    ['one that is still copying, which does not count,', copying, 2, 1, ['replicas']],
    ['some that are counted and not listed', unlisted, 2, 2, []],
    ['some that are counted and not listed', unlisted, 3, 2, ['replicas']],
  ])('%s of %j where %d are needed', (_, change, needed, replicas, risks) => {
    expect(factsOf([inspected(change)], needed)).toMatchObject({ replicas, risks })
  })

  it('are as many as the master with the fewest has', () => {
    expect(factsOf([inspected(one), inspected()], 1)).toMatchObject({
      replicas: 0,
      risks: ['replicas'],
      warnings: ['fewer replicas than store.replicas'],
    })
  })

  it('are found where their master says, those in step only', () => {
    expect(placesOfReplicas(info({ ...GOOD, ...copying, slave2: 'state=online' }))).toEqual([
      { host: '127.0.0.1', port: 6380 },
    ])
    expect(placesOfReplicas(info({ ...GOOD, ...unlisted }))).toEqual([])
  })

  it.each([
    [{ aof_enabled: '0' }, ['persistence'], ['a replica: no append-only file']],
    [
      { maxmemory_policy: 'allkeys-lru' },
      ['eviction'],
      ['a replica: eviction policy is not noeviction'],
    ],
    [{ redis_version: '6.0.0' }, ['version'], ['a replica: redis is older than 6.2']],
    [{ role: 'slave' }, [], []],
  ])('must keep what they are given, as one may be promoted: %j', (change, risks, warnings) => {
    const good = info({ ...GOOD, role: 'slave' })
    const other = info({ ...GOOD, ...change })

    expect(factsOf([inspected()], 0, [good, other])).toMatchObject({
      durability: risks.length === 0 ? 'ok' : 'unsafe',
      risks,
      warnings,
    })
  })

  it('that give no answer are told of and make nothing unsafe: they may be out of reach', () => {
    expect(factsOf([inspected()], 0, [null, null])).toMatchObject({
      durability: 'ok',
      risks: [],
      warnings: ['a replica gave no answer: it is not checked'],
    })
  })

  it('are of no use when WAIT is refused', () => {
    expect(factsOf([inspected(one, { mayWait: false })], 1)).toMatchObject({
      risks: ['replicas'],
      warnings: ['redis refuses WAIT'],
    })
  })
})

it('finds that scripts do not run', () => {
  expect(factsOf([inspected({}, { runsScripts: false })], 0)).toMatchObject({
    risks: ['scripts'],
    warnings: ['redis refuses scripts'],
  })
})

it('finds that it was not told anything', () => {
  expect(factsOf([inspected({}, { info: null })], 1)).toEqual({
    kind: 'redis',
    durability: 'unsafe',
    risks: ['unverified'],
    warnings: ['redis refuses INFO'],
  })
})

it('names what is wrong with any master of a cluster, once', () => {
  const bad = inspected({ aof_enabled: '0' })

  expect(factsOf([inspected(), bad, bad], 0)).toMatchObject({
    risks: ['persistence'],
    warnings: ['no append-only file'],
  })
})

it('finds nothing in what the server does not say', () => {
  expect(factsOf([inspected({}, { info: '# Server\r\n' })], 1)).toEqual({
    kind: 'redis',
    durability: 'ok',
    risks: [],
    warnings: [],
  })
})
