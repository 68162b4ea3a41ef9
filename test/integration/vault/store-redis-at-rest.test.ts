import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { checkSentinel } from '../../../src/vault/envelope-sentinel.ts'
import { createKeyRing } from '../../../src/vault/key-ring.ts'
import { documentKey, type Store } from '../../../src/vault/store.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { type CommandWatch, everyByteUnder, watchCommands } from '../../support/redis-files.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'

const TOKEN = `canary-${randomBytes(24).toString('hex')}`
const VAULT_KEY = randomBytes(32)
const KEY = documentKey('conn_at_rest')

/** The bytes as they are, in hex, and in base64 from each of the three places a group can start. */
function encodingsOf(secret: Uint8Array): readonly string[] {
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), secret])
      .toString('base64')
      .slice(4, -4),
  )
  const texts = base64.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
  const hex = Buffer.from(secret).toString('hex')
  return [Buffer.from(secret).toString('latin1'), hex, hex.toUpperCase(), ...texts]
}

const cleanup = createCleanup()
let server: RedisServer
let admin: Redis
let watch: CommandWatch
let store: Store

beforeAll(async () => {
  server = await startRedis({
    args: ['--appendonly', 'yes', '--appendfsync', 'always', '--rdbcompression', 'no'].concat([
      '--aof-use-rdb-preamble',
      'no',
      '--slowlog-log-slower-than',
      '0',
    ]),
  })
  cleanup.add(server.stop)
  admin = new Redis(server.url)
  cleanup.add(() => admin.disconnect())
  watch = await watchCommands(admin)
  cleanup.add(watch.stop)
  const log = createLog('silent')
  store = await createRedisStore({ url: new Secret(server.url), timeoutMs: 5000, log })
  cleanup.add(store.close)
})
afterAll(cleanup.run)

/** What anybody who may ask Redis can see of a key. */
async function everythingRedisTells(): Promise<string> {
  const keys = await admin.keys('*')
  const dumps = await Promise.all(keys.map((key) => admin.dumpBuffer(key)))
  const hashes = await Promise.all(keys.map((key) => admin.hgetall(key)))
  const slow = await admin.slowlog('GET', 1000)
  return JSON.stringify([keys, hashes, slow]) + dumps.map((dump) => dump?.toString('latin1')).join()
}

it('keeps no sealed text and no key readable, in files or in answers', async () => {
  const keyRing = createKeyRing([{ kid: 'k1', key: new Secret(VAULT_KEY.toString('base64')) }])
  const dataKeys: Uint8Array[] = []
  const watched = {
    ...keyRing,
    wrap: (bytes: Uint8Array, context: string) => {
      dataKeys.push(Uint8Array.from(bytes))
      return keyRing.wrap(bytes, context)
    },
  }
  const limits = { cacheMs: 1000, maxEntries: 10, clock: () => 0 }
  const envelope = createEnvelope({ keyRing: watched, ...limits })

  await checkSentinel(store, watched)
  const { wrapped, dataKey } = await envelope.create('conn_at_rest')
  const context = { binding: 'b1', field: 'refresh_token', generation: 1 }
  const text = JSON.stringify({ wrapped, token: dataKey.seal(context, TOKEN) })
  await store.compareAndSet(KEY, 0, text, 'write-1')
  await store.compareAndSet(KEY, 1, text, 'write-2', { durable: true })
  await admin.save()

  const files = await everyByteUnder(server.dir)
  const seen = [files, await everythingRedisTells(), watch.commands.join('\n')]
  for (const place of seen) {
    expect(place).toContain('conn_at_rest')
    for (const secret of [Buffer.from(TOKEN), VAULT_KEY, ...dataKeys]) {
      expect(encodingsOf(secret).filter((encoding) => place.includes(encoding))).toEqual([])
    }
  }
  expect(dataKeys).toHaveLength(2)
  const opened = await envelope.open('conn_at_rest', wrapped)
  expect(opened.open(context, JSON.parse(text).token)).toBe(TOKEN)
})

it('would find a text that was stored as it is, or in base64', async () => {
  const plain = `plain-${randomBytes(24).toString('hex')}`
  const shifted = `plain-${randomBytes(24).toString('hex')}`
  const encoded = Buffer.from(`{"x":"${shifted}"}`).toString('base64url')
  await admin.hset('kg:{conn_plain}', 'record', plain, 'other', encoded)

  const places = [await everyByteUnder(server.dir), await everythingRedisTells()]

  for (const place of places) {
    for (const secret of [plain, shifted]) {
      const found = encodingsOf(Buffer.from(secret)).filter((text) => place.includes(text))
      expect(found).not.toEqual([])
    }
  }
})
