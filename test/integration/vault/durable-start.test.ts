import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { startStack } from '../../../scripts/stack/stack.ts'
import { createMetrics, type Metrics } from '../../../src/admin/metrics.ts'
import { composeStore } from '../../../src/compose-store.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { createLog } from '../../../src/shared/log.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort, type RedisServer, startRedis } from '../../support/redis-server.ts'
import { load } from '../../unit/config/valid-config.ts'

const KEPT = ['--appendonly', 'yes']

const cleanup = createCleanup()
let server: RedisServer
let metrics: Metrics
let lines: string[]

beforeEach(async () => {
  server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
  cleanup.add(server.stop)
  metrics = createMetrics({ programs: [], skews: () => [] })
  lines = []
})
afterEach(cleanup.run)

async function open(settings: Readonly<Record<string, string>>, url = server.url) {
  const named = Object.entries(settings).map(([name, value]) => [`KNOXGATE_${name}`, value])
  const config = load({ env: { REDIS_URL: url, ...Object.fromEntries(named) } })
  // What is known of this machine's Redis by its version is another matter.
  const write = (line: string) => void (line.includes('"store_outdated"') || lines.push(line))
  const log = createLog('debug', { write })
  const store = await composeStore({ config, metrics, log, clock: () => 0 })
  cleanup.add(store.close)
  return store
}

const events = () => lines.map((line) => JSON.parse(line)).map(({ event }) => event)

async function reasonsOfTheGauge(): Promise<readonly string[]> {
  const { text } = await metrics.render()
  const unsafe = [...text.matchAll(/^knoxgate_store_unsafe\{reason="(\w+)"\} 1$/gm)]
  return unsafe.map(([, reason = '']) => reason)
}

/** The refusal, line by line, without the first, which counts. */
async function linesOf(opening: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await opening.catch((refusal: unknown) => refusal)
  if (!(error instanceof ConfigError)) throw new Error('not refused')
  return error.message.split('\n').slice(1)
}

describe('a Redis that may lose what it is given', () => {
  it('as Debian installs it, is refused with the commands that mend it, which lose nothing', async () => {
    const debian = await startRedis({ args: ['--save', '3600 1 300 100 60 10000'] })
    cleanup.add(debian.stop)
    const admin = new Redis(debian.url)
    cleanup.add(() => admin.disconnect())
    await admin.set('kg:{kept}', 'before')
    expect(await linesOf(open({}, debian.url))).toEqual([
      expect.stringMatching(
        /^ {2}REDIS_URL: must keep .*\(redis-cli CONFIG SET appendonly yes, then/,
      ),
    ])

    await admin.config('SET', 'appendonly', 'yes')

    await open({}, debian.url)
    expect(await admin.get('kg:{kept}')).toBe('before')
  })

  it('is told of and opened when durability is not required', async () => {
    const store = await open({ STORE_REQUIRE_DURABLE: 'false' })

    expect(await store.describe()).toMatchObject({
      durability: 'unsafe',
      risks: ['eviction', 'persistence'],
    })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      event: 'store_unsafe',
      reason: ['eviction', 'persistence'],
    })
    expect(await reasonsOfTheGauge()).toEqual(['eviction', 'persistence'])
  })

  it('is refused by default, with what to do about each reason', async () => {
    const opening = open({ STORE_REPLICAS: '1' })

    expect(await linesOf(opening)).toEqual([
      '  REDIS_URL: must not evict keys: set maxmemory-policy noeviction, or waive it by name in KNOXGATE_STORE_WAIVE (example: KNOXGATE_STORE_WAIVE=eviction)',
      expect.stringContaining('(redis-cli CONFIG SET appendonly yes, then CONFIG REWRITE;'),
      expect.stringContaining('KNOXGATE_STORE_WAIVE=replicas'),
    ])
    const admin = new Redis(server.url)
    cleanup.add(() => admin.disconnect())
    await eventually(
      async () =>
        String(await admin.client('LIST'))
          .trim()
          .split('\n').length === 1,
    )
  })

  it('is refused for what is not waived, and for that only', async () => {
    const opening = open({ STORE_WAIVE: 'eviction' })

    expect(await linesOf(opening)).toEqual([expect.stringContaining('STORE_WAIVE=persistence')])
  })

  it('is opened without a word when all is waived, and still shows', async () => {
    const store = await open({ STORE_WAIVE: 'persistence,eviction' })

    expect(events()).toEqual([])
    expect((await store.describe()).warnings).toHaveLength(2)
    expect(await reasonsOfTheGauge()).toEqual(['eviction', 'persistence'])
  })

  it('is never refused in development', async () => {
    await open({ MODE: 'development' })

    expect(events()).toEqual(['store_unsafe'])
  })

  it('ends the process with 78 and one line per reason', async () => {
    const starting = startStack({ redisUrl: server.url, env: { KNOXGATE_MODE: 'strict' } })

    await expect(starting).rejects.toThrow(
      /ended with 78 .*configuration is not valid: 2 problems\n {2}REDIS_URL: .*\n {2}REDIS_URL: /s,
    )
  })
})

it('opens a Redis that keeps what it is given', async () => {
  const good = await startRedis({ args: KEPT })
  cleanup.add(good.stop)

  const store = await open({}, good.url)

  expect(await store.describe()).toMatchObject({ durability: 'ok', risks: [], warnings: [] })
  expect(events()).toEqual([])
  expect(await reasonsOfTheGauge()).toEqual([])
  expect((await metrics.render()).text).toContain('knoxgate_store_unsafe{reason="eviction"} 0')
})

it('looks at a Redis again as soon as another one is in its place, and tells how much it holds', async () => {
  const port = await freePort()
  const good = await startRedis({ args: KEPT, port })
  cleanup.add(good.stop)
  await open({}, good.url)
  expect((await metrics.render()).text).toContain('knoxgate_store_primary_changes_total 0')
  await good.stop()
  const other = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'], port })
  cleanup.add(other.stop)

  await eventually(async () => (await reasonsOfTheGauge()).length === 2, 10_000)
  const { text } = await metrics.render()
  expect(text).toMatch(/^knoxgate_store_primary_changes_total [1-9]/m)
  expect(text).toMatch(/^knoxgate_store_keys 0$/m)
  expect(events()).toEqual(expect.arrayContaining(['store_primary_changed', 'store_unsafe']))
})
