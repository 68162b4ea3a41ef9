import { randomBytes } from 'node:crypto'
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterEach, expect, it } from '@jest/globals'
import { createLog } from '../../../src/shared/log.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { sealText } from '../../../src/vault/seal.ts'
import { createRedisStore } from '../../../src/vault/store-redis.ts'
import { createCleanup } from '../../support/cleanup.ts'
import { startRedis } from '../../support/redis-server.ts'

const PASSWORD = 'a-password-that-nobody-may-trace'
const TOKEN = 'a-refresh-token-that-nobody-may-trace'
/** What a tracer of whoever watches performance subscribes to. */
const CHANNELS = ['command', 'batch', 'connect'].flatMap((of) =>
  ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map(
    (when) => `tracing:ioredis:${of}:${when}`,
  ),
)

const cleanup = createCleanup()
afterEach(cleanup.run)

it('a tracer of Redis commands is told no password and nothing that was sealed', async () => {
  const told: string[] = []
  const listen: ChannelListener = (message) => void told.push(inspect(message, { depth: 9 }))
  for (const channel of CHANNELS) subscribe(channel, listen)
  cleanup.add(() => CHANNELS.map((channel) => unsubscribe(channel, listen)))
  const server = await startRedis({ args: ['--requirepass', PASSWORD] })
  cleanup.add(server.stop)
  const store = await createRedisStore({
    url: new Secret(server.url.replace('//', `//:${PASSWORD}@`)),
    timeoutMs: 1000,
    log: createLog('silent'),
  })
  cleanup.add(store.close)
  const text = JSON.stringify({ sealed: sealText(randomBytes(32), ['a'], TOKEN) })

  const written = await store.compareAndSet('kg:{conn_a}', 0, text, 'write-1', { durable: true })
  expect(written.outcome).toBe('won')
  expect((await store.read('kg:{conn_a}')).document?.text).toBe(text)

  expect(told.join('\n')).toContain('kg:{conn_a}')
  for (const secret of [PASSWORD, TOKEN]) {
    expect(told.filter((one) => one.includes(secret))).toEqual([])
    const encoded = Buffer.from(secret).toString('base64url')
    expect(told.filter((one) => one.includes(encoded))).toEqual([])
  }
})
