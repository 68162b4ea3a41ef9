import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { newAttemptId } from '../../../src/shared/ids.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { watchCommands } from '../../support/redis-files.ts'
import { type Replicated, startReplicated } from '../../support/redis-replicas.ts'

const TIMEOUT_MS = 10_000
const WAIT_MS = 1000
const DURABLE = { durable: true }

const servers = createCleanup()
const opened = createCleanup()
let redis: Replicated
let store: Store
let key: string

beforeAll(async () => {
  redis = await startReplicated(2, servers)
})
afterAll(servers.run)
beforeEach(async () => {
  key = documentKey(`conn_${newAttemptId()}`)
  store = await openStore(2)
})
afterEach(async () => {
  redis.thaw()
  await opened.run()
})

async function openStore(replicas: number, url = redis.master.url): Promise<Store> {
  const made = await createRedisStore({
    url: new Secret(url),
    timeoutMs: TIMEOUT_MS,
    ...(replicas === 0 ? {} : { replication: { replicas, timeoutMs: WAIT_MS } }),
    log: createLog('silent'),
  })
  opened.add(made.close)
  return made
}

/** How often the master has run a command since the last call of this. */
async function callsOf(command: string): Promise<number> {
  const stats = await redis.admin.info('commandstats')
  await redis.admin.config('RESETSTAT')
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
}

describe('a durable write', () => {
  it('is durable when the replicas have it', async () => {
    const result = await store.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'won', durable: true })
  })

  it('is applied and not durable when the replicas do not answer in time', async () => {
    redis.freeze()
    const startedAt = performance.now()

    const result = await store.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'won', durable: false })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(WAIT_MS - 5)
    expect((await store.read(key)).document).toMatchObject({ revision: 1, text: 'text' })
  })

  it('needs as many replicas as configured, and no more', async () => {
    const modest = await openStore(1)
    redis.freeze(redis.replicas.slice(1))

    const [both, one] = await Promise.all([
      store.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE),
      modest.compareAndSet(`${key}2`, 0, 'text', newAttemptId(), DURABLE),
    ])

    expect([both.durable, one.durable]).toEqual([false, true])
  })

  it('needs no more rights than the documented user has', async () => {
    const docs = await readFile(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
    const [, name = '', rules = ''] = /^ACL SETUSER (\w+) (.+)$/m.exec(docs) ?? []
    await redis.admin.call('ACL', 'SETUSER', name, ...rules.split(' '))
    const theirs = await openStore(2, redis.master.url.replace('//', `//${name}:PASSWORD@`))

    const result = await theirs.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'won', durable: true })
    expect(await theirs.describe()).toMatchObject({ replicas: 2, risks: ['persistence'] })
  })

  it('that was lost is not durable', async () => {
    await store.compareAndSet(key, 0, 'text', newAttemptId())

    const result = await store.compareAndSet(key, 0, 'late', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'lost', durable: false })
  })

  it('does not take the word of replicas for a script that the server had forgotten', async () => {
    await store.compareAndSet(key, 0, 'first', newAttemptId(), DURABLE)
    await redis.acknowledged()
    redis.freeze()
    await redis.admin.script('FLUSH')

    const result = await store.compareAndSet(key, 1, 'second', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'won', durable: false })
  })

  it('is not durable when its connection is lost while it waits', async () => {
    redis.freeze()
    const writing = store.compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)
    await eventually(async () => (await store.version(key)) !== null)

    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')

    const { outcome, durable } = await writing
    expect(['won', 'already']).toContain(outcome)
    expect(durable).toBe(false)
  })
})

describe('a write that is sent again', () => {
  it('is waited for again, and durable once the replicas have it', async () => {
    const writeId = newAttemptId()
    const send = () => store.compareAndSet(key, 0, 'text', writeId, DURABLE)
    redis.freeze()
    await send()

    const frozen = await send()
    redis.thaw()
    const thawed = await send()

    expect(frozen).toMatchObject({ outcome: 'already', durable: false })
    expect(thawed).toMatchObject({ outcome: 'already', durable: true })
    expect((await store.read(key)).document).toMatchObject({ revision: 1, version: writeId })
  })

  it('over a connection that has not written it is not durable by what others have written', async () => {
    const writeId = newAttemptId()
    await store.compareAndSet(key, 0, 'text', writeId, DURABLE)
    const fresh = await openStore(2)
    await redis.acknowledged()
    redis.freeze()

    const again = await fresh.compareAndSet(key, 0, 'text', writeId, DURABLE)

    expect(again).toMatchObject({ outcome: 'already', durable: false })
  })

  it('changes nothing, neither when it is the newest nor when others have written since', async () => {
    const [first, second] = [newAttemptId(), newAttemptId()]
    const options = { durable: true, expiresInMs: 60_000 }
    await store.compareAndSet(key, 0, 'first', first, options)
    await store.compareAndSet(key, 1, 'second', second, options)
    const before = await redis.admin.hgetall(key)

    const again = [
      await store.compareAndSet(key, 0, 'first', first, DURABLE),
      await store.compareAndSet(key, 1, 'second', second, DURABLE),
    ]

    expect(again).toEqual(
      again.map(() => expect.objectContaining({ outcome: 'already', durable: true })),
    )
    expect(await redis.admin.hgetall(key)).toEqual(before)
    expect(await redis.admin.pttl(key)).toBeGreaterThan(0)
  })
})

describe('a wait', () => {
  it('holds up other durable writes once, however many they are, and applies them all', async () => {
    redis.freeze()
    const keys = Array.from({ length: 60 }, (_, n) => `${key}${n}`)
    await callsOf('wait')
    const startedAt = performance.now()

    const results = await Promise.all(
      keys.map((one) => store.compareAndSet(one, 0, one, newAttemptId(), DURABLE)),
    )

    expect(results).toEqual(
      keys.map(() => expect.objectContaining({ outcome: 'won', durable: false })),
    )
    // One by one they would take a minute, and most would have timed out.
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS)
    expect(await callsOf('wait')).toBeLessThanOrEqual(5)
  })

  it('holds up neither reads nor other writes nor readiness', async () => {
    redis.freeze()
    const order: string[] = []
    const durable = store
      .compareAndSet(key, 0, 'text', newAttemptId(), DURABLE)
      .then(() => order.push('durable'))

    await Promise.all([
      store.read(key),
      store.compareAndSet(`${key}2`, 0, 'text', newAttemptId()),
      store.ping(),
    ])
    // One more way there and back: by then the wait would have been told of, if anything had been behind it.
    await store.read(key)
    order.push('others')
    await durable

    expect(order).toEqual(['others', 'durable'])
  })

  it('is not sent for writes that need not be durable, nor where no replica is asked for', async () => {
    const alone = await openStore(0)
    await callsOf('wait')

    await store.compareAndSet(key, 0, 'text', newAttemptId())
    const result = await alone.compareAndSet(key, 1, 'text', newAttemptId(), DURABLE)

    expect(result).toMatchObject({ outcome: 'won', durable: true })
    expect(await callsOf('wait')).toBe(0)
    await store.compareAndSet(key, 2, 'text', newAttemptId(), DURABLE)
    expect(await callsOf('wait')).toBe(1)
  })

  it('comes right behind its script', async () => {
    const watch = await watchCommands(redis.admin)
    await store.compareAndSet(key, 0, 'text', 'watched-write', DURABLE)
    await redis.admin.ping()
    watch.stop()

    const commands = watch.commands.filter((one) => /^(eval|evalsha|wait)\b/i.test(one))
    const at = commands.findIndex((one) => one.includes('watched-write'))
    expect(commands.slice(at, at + 2).map((one) => one.split(' ')[0]?.toLowerCase())).toEqual([
      'eval',
      'wait',
    ])
  })
})
