import { Redis } from 'ioredis'
import { type Call, createCall } from '../../scripts/stack/portal-client.ts'
import { type Stack, type StackOptions, startStack } from '../../scripts/stack/stack.ts'
import { eventually } from './eventually.ts'
import { spreadNet } from './leak-net.ts'
import { type RedisFaultProxy, startRedisFaultProxy } from './redis-fault-proxy.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** How the store goes away: it hangs, or nobody listens there any more. */
export type Harm = 'hung' | 'gone'

/** One service whose Redis goes away at a chosen moment. */
export interface BrakedStack {
  readonly stack: Stack
  readonly call: Call
  readonly redis: RedisServer
  readonly proxy: RedisFaultProxy
  /** The test's own way to Redis, past the proxy. */
  readonly db: Redis
  /** Lets so many more calls to the store pass; the next one is the first without an answer. */
  harmAfter(calls: number, harm: Harm): void
  harm(how: Harm): void
  /** Redis answers again, and the service says so. */
  mend(): Promise<void>
  /** @throws Error when a secret got out meanwhile */
  close(): Promise<void>
}

/** What the service sends to find out how the store is has no key. */
const isStoreCall = ({ command }: { readonly command: readonly string[] }) =>
  command.some((argument) => argument.startsWith('kg:{'))

export async function startBrakedStack(options: StackOptions): Promise<BrakedStack> {
  const redis = await startRedis()
  const proxy = await startRedisFaultProxy(redis.port)
  const stack = await startStack({ ...options, redisUrl: proxy.url }).catch(async (error) => {
    await proxy.stop()
    await redis.stop()
    throw error
  })
  const db = new Redis(redis.url)
  const net = await spreadNet(stack, { db, dir: redis.dir })
  let disarm = () => {}
  let isShut = false

  function harm(how: Harm): void {
    if (how === 'hung') process.kill(redis.pid, 'SIGSTOP')
    else {
      isShut = true
      void proxy.shut()
    }
  }

  return {
    stack,
    redis,
    proxy,
    db,
    call: createCall(stack.url, stack.apiKey()),
    harm,

    harmAfter(calls, how) {
      disarm = proxy.on({
        at: 'command',
        matches: isStoreCall,
        skip: calls,
        act() {
          harm(how)
          return 'pass'
        },
      })
    },

    async mend() {
      disarm()
      process.kill(redis.pid, 'SIGCONT')
      if (isShut) await proxy.open()
      isShut = false
      await eventually(async () => (await fetch(`${stack.url}/readyz`)).status === 200)
    },

    async close() {
      process.kill(redis.pid, 'SIGCONT')
      await net.beforeEnd()
      db.disconnect()
      await stack.close()
      await proxy.stop()
      await redis.stop()
      await net.afterEnd()
    },
  }
}
