import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createVerifier } from '../../../scripts/stack/portal-client.ts'
import { eventually } from '../../support/eventually.ts'
import {
  type Fate,
  mentions,
  type RedisFaultProxy,
  startRedisFaultProxy,
} from '../../support/redis-fault-proxy.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { type Rig, startRig } from '../../support/service-rig.ts'

/*
 * Two services and a Redis, with a proxy between that can hold what is said. Time passes by moving the times
 * of records.
 */

const PORTALS = ['acme-console', 'other-console'].map((id) => ({
  id,
  name: id,
  returnUrl: `http://localhost:3999/${id}/return`,
}))
const CLAIM_MS = 30_000
const RETENTION_MS = 86_400_000

let redis: RedisServer
let proxy: RedisFaultProxy
let db: Redis
let rig: Rig
let urls: readonly [string, string]
let tenants = 0
let tenantRef: string
const { challenge } = createVerifier()

beforeAll(async () => {
  redis = await startRedis()
  proxy = await startRedisFaultProxy(redis.port)
  db = new Redis(redis.url)
  const store = { url: proxy.url, db, server: redis }
  rig = await startRig({ replicas: 2, portals: PORTALS, store })
  urls = rig.stack.services.map(({ url }) => url) as [string, string]
})
afterAll(async () => {
  await rig?.close()
  db?.disconnect()
  await proxy?.stop()
  await redis?.stop()
})
beforeEach(() => {
  proxy.clear()
  tenants += 1
  tenantRef = `canary-tenant-${tenants}`
})

interface Wish {
  readonly apiKey?: string
  readonly portal?: number
  readonly tenant?: string
}

/** `POST /v1/connect-sessions` with a key of its own per test. */
async function create(url: string, { apiKey, portal = 0, tenant = tenantRef }: Wish = {}) {
  const { id = '', returnUrl } = PORTALS[portal] ?? {}
  const response = await fetch(`${url}/v1/connect-sessions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey ?? rig.stack.apiKey(id)}`,
      'content-type': 'application/json',
      'idempotency-key': `"canary-key-${tenants}"`,
    },
    body: JSON.stringify({
      program: rig.stack.programId,
      tenant_ref: tenant,
      return_url: returnUrl,
      code_challenge: challenge,
    }),
  })
  const text = await response.text()
  const replayed = response.headers.get('idempotency-replayed')
  return { status: response.status, text, replayed, body: JSON.parse(text), response }
}

const recordOf = async (key: string) => (await db.hget(key, 'record')) ?? ''

/** Texts of what is stored under keys of a sort, and is about this test's customer if it says about whom. */
async function stored(sort: 'cs_' | 'idem_'): Promise<ReadonlyMap<string, string>> {
  const keys = await db.keys(`kg:{${sort}*`)
  const texts = await Promise.all(keys.map(async (key) => [key, await recordOf(key)] as const))
  return new Map(texts.filter(([, text]) => sort === 'idem_' || text.includes(`"${tenantRef}"`)))
}

const sessions = async () => (await stored('cs_')).size

/** The use of a key that is claimed. */
async function claimedKey(): Promise<string> {
  const found = [...(await stored('idem_'))].find(([, text]) => text.includes('"claimed"'))
  return found?.[0] ?? ''
}

/** As if so much time had passed for one record. */
async function age(key: string, ms: number): Promise<void> {
  const record = JSON.parse(await recordOf(key))
  await db.hset(key, 'record', JSON.stringify({ ...record, until: record.until - ms }))
}

describe('a connect session that is asked for again with the same Idempotency-Key', () => {
  it('is one, however many ask both services at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => create(urls[at % 2 === 0 ? 0 : 1])),
    )

    expect(await sessions()).toBe(1)
    const made = answers.filter(({ status }) => status === 201)
    const others = answers.filter(({ status }) => status !== 201)
    expect(made.filter(({ replayed }) => replayed === null)).toHaveLength(1)
    expect(new Set(made.map(({ text }) => text)).size).toBe(1)
    for (const { status, body, response } of others) {
      expect([status, body.code]).toEqual([409, 'idempotency_in_progress'])
      expect([body.retryable, response.headers.get('retry-after')]).toEqual([true, '1'])
    }
    for (const url of urls) {
      const again = await create(url)
      expect([again.status, again.replayed, again.text]).toEqual([201, 'true', made[0]?.text])
    }
  })

  it('with another body is refused by the other service', async () => {
    await create(urls[0])

    const reused = await create(urls[1], { tenant: `${tenantRef}-b` })

    expect([reused.status, reused.body.code]).toEqual([422, 'idempotency_key_reused'])
  })

  it('by another API key or another portal is another one', async () => {
    const { adminUrl } = rig.stack.services[0] ?? { adminUrl: '' }
    const made = await fetch(`${adminUrl}/admin/v1/portals/acme-console/keys`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${rig.stack.adminToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ scopes: ['connect'] }),
    })
    const { api_key: apiKey } = (await made.json()) as { readonly api_key: string }

    const answers = [
      await create(urls[0]),
      await create(urls[0], { apiKey }),
      await create(urls[0], { portal: 1 }),
    ]

    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual(
      answers.map(() => [201, null]),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3)
  })

  it('is answered alike by a process that was started afterwards', async () => {
    const before = await rig.another()
    const first = await create(before.service.url)
    await before.service.stop()
    const after = await rig.another()

    const second = await create(after.service.url)

    expect([second.status, second.replayed, second.text]).toEqual([201, 'true', first.text])
    expect(await sessions()).toBe(1)
  })

  it.each([
    [RETENTION_MS - 60_000, 'true'],
    [RETENTION_MS, null],
  ])('%d ms later is a repetition: %j', async (ms, replayed) => {
    const known = new Set((await stored('idem_')).keys())
    await create(urls[0])
    const [key = ''] = [...(await stored('idem_')).keys()].filter((one) => !known.has(one))
    await age(key, ms)

    expect((await create(urls[1])).replayed).toBe(replayed)
  })
})

describe('a process that is killed', () => {
  it.each([
    ['before the session is stored', '"type":"connect_session"', 1],
    ['after the session is stored and before its answer is', '"phase":"answered"', 2],
  ])('%s holds the key for half a minute and no longer', async (_when, text, made) => {
    const { service } = await rig.another()
    const reached = Promise.withResolvers<void>()
    const dead = Promise.withResolvers<void>()
    proxy.on({
      at: 'command',
      matches: mentions(text),
      async act(): Promise<Fate> {
        reached.resolve()
        await dead.promise
        return 'drop'
      },
    })
    const cut = create(service.url).catch(() => null)
    await reached.promise
    service.signal('SIGKILL')
    await service.ended
    dead.resolve()
    expect(await cut).toBeNull()

    const key = await claimedKey()
    await age(key, CLAIM_MS - 20_000)
    expect((await create(urls[0])).body.code).toBe('idempotency_in_progress')
    await age(key, 20_000)
    const taken = await create(urls[1])

    expect([taken.status, taken.replayed]).toEqual([201, null])
    expect(await sessions()).toBe(made)
    expect((await create(urls[0])).text).toBe(taken.text)
  })
})

describe('in Redis', () => {
  it('nothing of key and answer can be read, and nothing stays', async () => {
    const { body } = await create(urls[0])
    const uses = await stored('idem_')

    expect(uses.size).toBeGreaterThan(0)
    for (const [key, text] of uses) {
      expect(`${key} ${text}`).not.toMatch(/canary|connect_url|cs_|http/)
      expect(text).not.toContain(body.id)
      const ttl = await db.pttl(key)
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(RETENTION_MS)
    }
    for (const key of await db.keys('*')) {
      const dumped = await db.dumpBuffer(key)
      expect(`${key} ${dumped?.toString('latin1')}`).not.toContain('canary-key')
    }
  })
})

describe('while Redis is away', () => {
  it('nothing is created, and the key can be used when it is back', async () => {
    await proxy.shut()
    const away = await create(urls[0])
    await proxy.open()

    expect([away.status, away.body.code]).toEqual([503, 'store_unavailable'])
    expect(await sessions()).toBe(0)
    let back = away
    await eventually(async () => {
      back = await create(urls[0])
      return back.status !== 503
    })
    expect([back.status, back.replayed]).toEqual([201, null])
    expect(await sessions()).toBe(1)
    expect(await claimedKey()).toBe('')
  })
})
