import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createSeeder } from '../../bench/seed.ts'
import { AUDIT_KEY } from '../../src/audit/sink-redis.ts'
import { runCli } from '../../src/cli/cli.ts'
import { parseVaultKeys } from '../../src/config/vault-keys.ts'
import { checkSentinel } from '../../src/vault/envelope-sentinel.ts'
import { createKeyRing } from '../../src/vault/key-ring.ts'
import { documentKey, type Store } from '../../src/vault/store.ts'
import { createCleanup } from '../support/cleanup.ts'
import { everyDump } from '../support/redis-files.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'
import { openRedisSubject } from '../support/redis-subject.ts'

const newKey = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`
const [OLD, NEW] = [newKey('k1'), newKey('k2')]
const BOTH = `${NEW},${OLD}`

const cleanup = createCleanup()
let server: RedisServer
let db: Redis
let store: Store
let ids: readonly string[]

beforeAll(async () => {
  server = await startRedis()
  cleanup.add(server.stop)
  db = new Redis(server.url)
  cleanup.add(() => db.disconnect())
  store = (await openRedisSubject(server.url, cleanup)).store
})
afterAll(cleanup.run)

beforeEach(async () => {
  await db.flushall()
  const pepper = randomBytes(32).toString('base64')
  const seed = { redisUrl: server.url, vaultKeys: OLD, pepper, program: 'emm-eu', tokenLength: 99 }
  const seeder = await createSeeder(seed)
  ids = await seeder.fill('acme', 3)
  await seeder.close()
  await startWith(OLD)
})

/** What a service does first. */
const startWith = (vaultKeys: string) =>
  checkSentinel(store, createKeyRing(parseVaultKeys(vaultKeys, false) ?? []))

async function run(line: string, VAULT_KEYS: string, env: Readonly<Record<string, string>> = {}) {
  const printed = { out: '', err: '' }
  const code = await runCli(`vault ${line}`.split(' '), '1.2.3', {
    env: { REDIS_URL: server.url, VAULT_KEYS, ...env },
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    clock: Date.now,
  })
  return { code, ...printed }
}

async function change(id: string, changed: (text: string) => string): Promise<void> {
  const text = (await db.hget(documentKey(id), 'record')) ?? ''
  await db.hset(documentKey(id), 'record', changed(text))
}

describe('vault status', () => {
  it('prints a row per key, and changes nothing', async () => {
    const before = await everyDump(db)

    expect(await run('status', BOTH)).toEqual({
      code: 0,
      out: [
        'key  state  connections  sessions  others  safe to drop',
        'k2   wraps  0            0         0       no',
        'k1   opens  3            0         0       no',
        '',
      ].join('\n'),
      err: '',
    })
    expect(await everyDump(db)).toEqual(before)
  })

  it('names what cannot be opened, and says which key is missing', async () => {
    await startWith(BOTH)
    const [first = '', second = '', third = ''] = ids.toSorted()

    const { code, out } = await run('status', NEW)

    expect(code).toBe(1)
    expect(out.split('\n').slice(1)).toEqual([
      'k2   wraps    0            0         0       no',
      'k1   missing  3            0         0       no',
      ...[first, second, third].map((id) => `cannot be opened: ${id} (unknown_key)`),
      '',
    ])
  })

  it('says when these are the keys of something else', async () => {
    const { code, out } = await run('status', newKey('k1'))
    const { out: json } = await run('status --json', newKey('k1'))

    expect(code).toBe(1)
    expect(out).toMatch(/^these keys are not those that the stored records were wrapped with\n/)
    expect(JSON.parse(json)).toMatchObject({
      ring_fits: false,
      keys: [{ kid: 'k1', active: true, in_ring: true, connections: 3, safe_to_drop: false }],
      unreadable: ids.toSorted().map((id) => ({ id, reason: 'wrong_key' })),
    })
  })
})

describe('vault rewrap', () => {
  it.each([
    ['before a service has started with the new key first', BOTH, 'no service has started with k2'],
    ['with the keys of something else', newKey('k1'), 'these keys are not those'],
  ])('writes nothing %s, and exits with 78', async (_, keys, message) => {
    const before = await everyDump(db)

    const { code, out, err } = await run('rewrap', keys)

    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain(`VAULT_KEYS: ${message}`)
    expect(await everyDump(db)).toEqual(before)
  })

  it('prints what it has done, with its progress on standard error', async () => {
    await startWith(BOTH)

    expect(await run('rewrap', BOTH)).toEqual({
      code: 0,
      out: '3 connections wrapped with k2, 0 left\nk1: no record needs it any more\n',
      err: expect.stringMatching(
        /^(\d of 3 connections looked at\n)*3 of 3 connections looked at\n$/,
      ),
    })
    expect(await run('rewrap', BOTH)).toEqual({
      code: 0,
      out: '0 connections wrapped with k2, 0 left\n',
      err: '',
    })
  })

  it('is in the audit trail, when it begins and when it has ended, as a chain of its own', async () => {
    await startWith(BOTH)
    await run('rewrap', BOTH)

    const entries = await db.xrange(AUDIT_KEY, '-', '+')

    expect(entries.map(([, [, text = '']]) => JSON.parse(text))).toMatchObject([
      {
        seq: 1,
        event: 'vault_keys_rewrapped',
        outcome: 'started',
        subject: 'k2',
        actor: 'process',
      },
      { seq: 2, event: 'vault_keys_rewrapped', outcome: 'ok', subject: 'k2', count: 3 },
      { seq: 3, event: 'process_stopped' },
    ])
  })

  it('goes on where its user may not write the audit trail, and says so', async () => {
    await startWith(BOTH)
    await db.set(AUDIT_KEY, 'taken')

    const { code, err } = await run('rewrap', BOTH)

    expect(code).toBe(0)
    expect(err).toContain('warning: the audit trail could not be written\n')
  })

  it('does what it can, names the rest, says which key is still needed, and exits with 1', async () => {
    await startWith(BOTH)
    const [broken = ''] = ids
    await change(broken, (text) => text.replace(/"v1\.k1\.[^"]*"/, '"v1.k1.aaaa.bbbb"'))

    const { code, out } = await run('rewrap', BOTH)

    expect({ code, out }).toEqual({
      code: 1,
      out: [
        '2 connections wrapped with k2, 0 left',
        'k1: still needed by 1 connections, 0 sessions, 0 others',
        `cannot be opened: ${broken} (wrong_key)`,
        '',
      ].join('\n'),
    })
  })

  it.each(['0', '10001', '1.5', 'many', ''])('refuses --per-second=%s with 64', async (rate) => {
    const { code, err } = await run(`rewrap --per-second=${rate}`, BOTH)

    expect(code).toBe(64)
    expect(err).toContain('--per-second must be a whole number from 1 to 10000')
  })
})

describe('vault verify', () => {
  it('opens everything, and changes nothing', async () => {
    const before = await everyDump(db)

    expect(await run('verify', OLD)).toEqual({
      code: 0,
      out: '4 records, 0 of them cannot be opened\n',
      err: '',
    })
    expect(await everyDump(db)).toEqual(before)
  })

  it('names a text that was moved from elsewhere, deletes nothing, and exits with 1', async () => {
    const [moved = '', other = ''] = ids
    const tokenOf = (text: string) => /"refreshToken":"([^"]*)"/.exec(text)?.[1] ?? ''
    const alien = tokenOf((await db.hget(documentKey(other), 'record')) ?? '')
    await change(moved, (text) => text.replace(tokenOf(text), alien))
    const before = await everyDump(db)

    const { code, out } = await run('verify', OLD)
    const { out: json } = await run('verify --json', OLD)

    expect({ code, out }).toEqual({
      code: 1,
      out: `4 records, 1 of them cannot be opened\ncannot be opened: ${moved} (b1.refresh_token)\n`,
    })
    expect(JSON.parse(json)).toEqual({
      records: 4,
      unreadable: [{ id: moved, reason: 'sealed_field', fields: ['b1.refresh_token'] }],
    })
    expect(await everyDump(db)).toEqual(before)
  })
})

it('says why, and exits with 69, when Redis is away', async () => {
  const REDIS_URL = `redis://127.0.0.1:${await freePort()}`

  const { code, err } = await run('status', BOTH, { REDIS_URL })

  expect(code).toBe(69)
  expect(err).toMatch(/"reason":"ECONNREFUSED".*\n(.*\n)*error: the store is not available\n$/)
})

it('says why, and exits with 69, when its Redis user may not walk over keys', async () => {
  const rules = 'on >PASSWORD ~kg:* -@all +ping +info +eval +evalsha +hmget +time'
  await db.call('ACL', 'SETUSER', 'service', ...rules.split(' '))
  const REDIS_URL = server.url.replace('//', '//service:PASSWORD@')

  const { code, err } = await run('status', BOTH, { REDIS_URL })

  expect(code).toBe(69)
  expect(err).toMatch(/"reason":"NOPERM".*\nerror: the store is not available\n$/)
})

describe.each(['status', 'rewrap', 'verify'])('vault %s', (command) => {
  it.each([
    [{ REDIS_URL: 'memory:', KNOXGATE_MODE: 'development' }, 'REDIS_URL: must not be memory:'],
    [{ REDIS_URL: '' }, 'REDIS_URL: is not set'],
    [{ VAULT_KEYS: 'k1' }, 'VAULT_KEYS: must be kid:base64'],
    [{ KNOXGATE_STORE_REPLICAS: 'two' }, 'KNOXGATE_STORE_REPLICAS: '],
  ])('exits with 78 for %j', async (env, message) => {
    const { code, out, err } = await run(command, BOTH, env)

    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain(message)
  })
})
