import { Redis } from 'ioredis'
import { type Answer, type Call, connect, createCall } from '../../scripts/stack/portal-client.ts'
import { type ServiceProcess, startServiceProcess } from '../../scripts/stack/service-process.ts'
import { type Stack, type StackOptions, startStack } from '../../scripts/stack/stack.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type LeakNet, spreadNet } from './leak-net.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** Real services on a Redis of their own, against a sandbox in the test's process. */
export interface Rig {
  readonly stack: Stack
  readonly sandbox: Sandbox
  readonly redis: RedisServer
  /** The test's own connection, for looking at what is stored and for moving its times. */
  readonly db: Redis
  /** The first portal's calls, one per service. */
  readonly calls: readonly Call[]
  /** The first portal's calls to the first service. */
  readonly call: Call
  /** Walks a customer through consent; the new connection's id. */
  connect(tenantRef: string, administrator?: 'ada' | 'ben'): Promise<string>
  /** `POST /v1/connections/{id}/token`, at the first service. */
  token(id: string, body?: unknown): Promise<Answer>
  /** Starts one more service on the same store, with a changed environment. */
  another(env?: Readonly<Record<string, string>>): Promise<AnotherService>
  /** Requests that reached the token endpoint, by grant type. */
  grants(grantType: 'refresh_token' | 'authorization_code'): number
  /** Stops everything, also what is suspended. @throws Error when a secret got out meanwhile */
  close(): Promise<void>
}

export interface AnotherService {
  readonly service: ServiceProcess
  readonly call: Call
}

/**
 * Nothing is believed without asking the store, a refused token may be replaced at once, and as often as
 * wanted; and whoever tries wrong keys is told so each time.
 */
const PROMPT = {
  KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms',
  KNOXGATE_KNOX_TOKEN_REJECTED_INTERVAL: '1ms',
  KNOXGATE_LIMITS_MINTS_PER_CONNECTION: '0',
  KNOXGATE_LIMITS_FAILED_AUTHENTICATION: '0',
}

/** A Redis that is there already; whoever started it ends it, and closes the connection. */
export interface RigStore {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  readonly db: Redis
  /** One of its servers. */
  readonly server: RedisServer
}

export interface RigOptions extends StackOptions {
  /** Instead of a Redis of its own. */
  readonly store?: RigStore
  readonly redisArgs?: readonly string[]
  /** Where Redis keeps its files, for starting it there again; the caller's to remove. */
  readonly redisDir?: string
  /** `user:password` of the services' Redis user, which `redisArgs` must have made. */
  readonly redisLogin?: string
  /** Where a test lets secrets out itself, and looks for them itself. */
  readonly isUnwatched?: boolean
}

/** Starts Redis, a sandbox and services; stops again what had started when one of them fails. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { redisArgs, redisDir, redisLogin, store, isUnwatched = false, ...forStack } = options
  const env = { ...PROMPT, ...options.env }
  if (store !== undefined) {
    const stack = await startStack({ redisUrl: store.url, ...forStack, env })
    return rigOf(stack, store, await spreadNet(stack, { db: store.db }), async () => {})
  }
  const redis = await startRedis({
    ...(redisArgs === undefined ? {} : { args: redisArgs }),
    ...(redisDir === undefined ? {} : { dir: redisDir }),
  })
  const redisUrl =
    redisLogin === undefined ? redis.url : redis.url.replace('//', `//${redisLogin}@`)
  try {
    const stack = await startStack({ redisUrl, ...forStack, env })
    const db = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
    // It goes on trying: tests take Redis away.
    db.on('error', () => {})
    const net = isUnwatched ? undefined : await spreadNet(stack, { db, dir: redis.dir })
    return rigOf(stack, { url: redisUrl, db, server: redis }, net, async () => {
      db.disconnect()
      await redis.stop()
    })
  } catch (error) {
    await redis.stop()
    throw error
  }
}

function rigOf(
  stack: Stack,
  { db, server }: RigStore,
  net: LeakNet | undefined,
  endStore: () => Promise<void>,
): Rig {
  const { sandbox, programId: program, portals } = stack
  const calls = stack.services.map(({ url }) => createCall(url, stack.apiKey()))
  const call: Call = (...args) => (calls[0] ?? noService)(...args)
  const started: ServiceProcess[] = [...stack.services]

  return {
    stack,
    sandbox,
    redis: server,
    db,
    calls,
    call,

    async connect(tenantRef, administrator = 'ada') {
      const returnUrl = portals[0]?.returnUrl ?? ''
      const made = await connect({ call, program, tenantRef, returnUrl, administrator })
      if (made.status !== 200) throw new Error(`not connected: ${JSON.stringify(made.body)}`)
      return made.body.id
    },

    async another(env = {}) {
      const given = { ...stack.env, PORT: '0', ...env }
      const service = await startServiceProcess(given)
      started.push(service)
      net?.watch(service, given)
      return { service, call: createCall(service.url, stack.apiKey()) }
    },

    token: (id, body) => call('POST', `/v1/connections/${id}/token`, body),
    grants: (grantType) =>
      sandbox.record().requests.filter((one) => one.grantType === grantType).length,

    async close() {
      for (const service of started) service.signal('SIGCONT')
      await net?.beforeEnd()
      await Promise.all(started.map((service) => service.stop()))
      await stack.close()
      await endStore()
      await net?.afterEnd()
    },
  }
}

const noService: Call = () => Promise.reject(new Error('no service was started'))
