import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { type AuditEntry, canonical } from '../../../src/audit/entry.ts'
import type { AuditSink, ReadRange } from '../../../src/audit/sink.ts'
import { AUDIT_KEY, auditHeadKey, createRedisAuditSink } from '../../../src/audit/sink-redis.ts'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { LEAST_RULES } from '../../support/redis-access.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { chainOf } from '../../unit/audit/support/chains.ts'

const DAY = 86_400_000
const cleanup = createCleanup()
let server: RedisServer
let admin: Redis
let sink: AuditSink

function open(limits: { maxEntries?: number; retentionMs?: number; timeoutMs?: number } = {}) {
  const kept = { maxEntries: 1_000_000, retentionMs: 90 * DAY, timeoutMs: 2000, ...limits }
  return createRedisAuditSink({
    url: new Secret(server.url.replace('//', '//svc:least@')),
    ...kept,
    log: createLog('silent'),
  })
}

beforeAll(async () => {
  server = await startRedis({ args: ['--user', 'svc', 'on', '>least', ...LEAST_RULES.split(' ')] })
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
})
afterAll(cleanup.run)
beforeEach(async () => {
  await admin.flushall()
  sink = open()
})
afterEach(() => sink.close())

async function stored(range?: ReadRange): Promise<readonly number[]> {
  const found: number[] = []
  for await (const { text } of sink.read(range)) found.push((JSON.parse(text) as AuditEntry).seq)
  return found
}

const count = (length: number, from = 1) => Array.from({ length }, (_, n) => from + n)

describe('the trail in Redis, with the least rights,', () => {
  it('keeps entries as they are, in order, and reads them page by page', async () => {
    const chain = chainOf('a', 1201)
    for (let n = 0; n < chain.length; n += 200) await sink.append(chain.slice(n, n + 200))

    const [first] = await admin.xrange(AUDIT_KEY, '-', '+', 'COUNT', 1)

    expect(first?.[1]).toEqual(['entry', chain[0] === undefined ? '' : canonical(chain[0])])
    expect(await stored()).toEqual(count(1201))
  })

  it('takes the same entries twice and has them once', async () => {
    const chain = chainOf('a', 5)
    await sink.append(chain.slice(0, 3))

    expect(await sink.append(chain)).toBe('ok')
    expect(await sink.append(chain)).toBe('ok')

    expect(await stored()).toEqual(count(5))
  })

  it('tells which entry is the newest when some before these are missing, and takes them when told to', async () => {
    const chain = chainOf('a', 9)
    await sink.append(chain.slice(0, 3))

    expect(await sink.append(chain.slice(5))).toEqual({ newest: 3 })
    expect(await stored()).toEqual(count(3))
    expect(await sink.append(chain.slice(5), { afterGap: true })).toBe('ok')

    expect(await stored()).toEqual([1, 2, 3, 6, 7, 8, 9])
  })

  it('has lost everything when the server has, and says so', async () => {
    const chain = chainOf('a', 4)
    await sink.append(chain.slice(0, 3))
    await admin.flushall()

    expect(await sink.append(chain.slice(3))).toEqual({ newest: 0 })
  })

  it('keeps the chains of several processes apart', async () => {
    await Promise.all([sink.append(chainOf('a', 3)), sink.append(chainOf('b', 2))])

    expect([...(await stored())].sort()).toEqual([1, 1, 2, 2, 3])
    expect(await admin.mget(auditHeadKey('a'), auditHeadKey('b'))).toEqual(['3', '2'])
  })

  it('drops the oldest entries when there are too many, and those that are too old', async () => {
    const short = open({ maxEntries: 200 })
    const chain = chainOf('a', 2000)
    for (let n = 0; n < chain.length; n += 100) await short.append(chain.slice(n, n + 100))
    await short.close()

    const kept = await stored()
    expect(kept.length).toBeGreaterThanOrEqual(200)
    expect(kept.length).toBeLessThan(400)
    expect(kept.at(-1)).toBe(2000)

    const brief = open({ retentionMs: 1 })
    await brief.append(chainOf('b', 1))
    await brief.close()
    expect((await stored()).length).toBeLessThan(200)
  })

  it('reads from a time on, and up to one', async () => {
    for (const [id, entry] of chainOf('a', 3).entries())
      await admin.xadd(AUDIT_KEY, `${(id + 1) * 1000}-0`, 'entry', canonical(entry))

    expect(await stored({ since: 2000 })).toEqual([2, 3])
    expect(await stored({ until: 2000 })).toEqual([1, 2])
    expect(await stored({ since: 1001, until: 1999 })).toEqual([])
  })
})

describe('what was not written', () => {
  it('because adding is not permitted is known, and nothing is half there', async () => {
    await admin.call('ACL', 'SETUSER', 'svc', '-xadd')

    await expect(sink.append(chainOf('a', 3))).rejects.toMatchObject({ reason: 'NOPERM' })

    await admin.call('ACL', 'SETUSER', 'svc', '+xadd')
    expect(await admin.exists(AUDIT_KEY, auditHeadKey('a'))).toBe(0)
    expect(await sink.append(chainOf('a', 3))).toBe('ok')
    expect(await stored()).toEqual(count(3))
  })

  it('for good, because trimming is not permitted, is known, and is there once afterwards', async () => {
    await admin.call('ACL', 'SETUSER', 'svc', '-xtrim')

    for (const _ of [1, 2])
      await expect(sink.append(chainOf('a', 3))).rejects.toMatchObject({ reason: 'NOPERM' })

    await admin.call('ACL', 'SETUSER', 'svc', '+xtrim')
    expect(await sink.append(chainOf('a', 3))).toBe('ok')
    expect(await stored()).toEqual(count(3))
  })

  it('because memory is full is known, and is written when there is some', async () => {
    await sink.append(chainOf('a', 1))
    await admin.config('SET', 'maxmemory', '1mb')

    await expect(sink.append(chainOf('a', 3))).rejects.toMatchObject({ reason: 'OOM' })

    await admin.config('SET', 'maxmemory', '0')
    expect(await sink.append(chainOf('a', 3))).toBe('ok')
    expect(await stored()).toEqual(count(3))
  })

  it('because nobody is there is known in time, and reading fails as well', async () => {
    const nowhere = createRedisAuditSink({
      url: new Secret('redis://127.0.0.1:1'),
      timeoutMs: 50,
      retentionMs: DAY,
      maxEntries: 10,
      log: createLog('silent'),
    })

    await expect(nowhere.append(chainOf('a', 1))).rejects.toMatchObject({ reason: 'not_connected' })
    await expect(nowhere.read()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    await nowhere.close()
  })
})
