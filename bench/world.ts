import { connect, createCall } from '../scripts/stack/portal-client.ts'
import { type ServiceProcess, startServiceProcess } from '../scripts/stack/service-process.ts'
import { type Stack, startStack } from '../scripts/stack/stack.ts'
import { type RedisServer, startRedis } from '../test/support/redis-server.ts'
import { startChild } from './child.ts'
import type { Target } from './load/load.ts'
import { type Seeded, seedPortals } from './seed-portals.ts'

/** Portals of the bench: each has its own list of connections. */
export const PORTALS = { hot: 'bench-hot', small: 'bench-1k', large: 'bench-10k' } as const

export interface WorldOptions {
  /** The built service. */
  readonly entry: string
  /** Where the service and the bare handlers leave CPU profiles. */
  readonly profileDir?: string
}

/** Everything that is measured: a private Redis, the sandbox, a service as it is by default but for its limits. */
export interface World {
  readonly redis: RedisServer
  readonly stack: Stack
  readonly service: ServiceProcess
  /** A connection made by consent, and what its hand-out answers. */
  readonly connectionId: string
  readonly answer: string
  authorization(portalId: string): string
  /** Fills the small and the large portal, once. */
  seeded(): Promise<Seeded>
  /** Starts one more service on the same Redis; stopped at the end unless it was before. */
  startService(env: Readonly<Record<string, string>>, entry?: string): Promise<ServiceProcess>
  /** Starts a bare handler of `bench/baselines`, with the key of what it opens. */
  startBaseline(name: string, file: URL, key: string, paths: readonly string[]): Promise<Target>
  close(): Promise<void>
}

/** What is to be done at the end, the last one first. */
type Ends = (() => Promise<unknown>)[]

export const tokenPath = (connectionId: string): string => `/v1/connections/${connectionId}/token`

/** They count as always, and are never reached: one key sends what takes a portal a day. */
const RAISED = Object.fromEntries(
  ['KEY', 'CONNECTION', 'ADDRESS'].map((of) => [`KNOXGATE_LIMITS_PER_${of}`, '100000000']),
)

/** A service that counts nothing. */
export const WITHOUT_LIMITS = {
  ...Object.fromEntries(Object.keys(RAISED).map((name) => [name, '0'])),
  KNOXGATE_LIMITS_CONCURRENT_REQUESTS: '0',
  KNOXGATE_LIMITS_CONCURRENT_REQUESTS_PER_PORTAL: '0',
  KNOXGATE_LIMITS_CONCURRENT_REQUESTS_UNPROVEN: '0',
}

const portalOf = (id: string) => ({ id, name: id, returnUrl: `http://localhost:3999/${id}` })

/** Starts the world and walks through one consent. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const redis = await startRedis()
  const ends: Ends = [() => redis.stop()]
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  }
  try {
    const stack = await startPortals(redis.url, options)
    ends.push(stack.close)
    return { ...(await inhabit(redis, stack, options, ends)), close }
  } catch (error) {
    await close()
    throw error
  }
}

const startPortals = (redisUrl: string, { entry, profileDir }: WorldOptions): Promise<Stack> => {
  const portals = Object.values(PORTALS).map(portalOf)
  const profiling = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` }
  const env = { ...RAISED, ...(profileDir === undefined ? {} : profiling) }
  return startStack({ redisUrl, portals, entry, env })
}

async function inhabit(
  redis: RedisServer,
  stack: Stack,
  options: WorldOptions,
  ends: Ends,
): Promise<Omit<World, 'close'>> {
  const [service] = stack.services
  if (service === undefined) throw new Error('the stack has no service')
  const { connectionId, answer } = await connectOnce(stack)
  let seeded: Promise<Seeded> | undefined

  return {
    redis,
    stack,
    service,
    connectionId,
    answer,
    authorization: (portalId) => authorizationOf(stack, portalId),
    seeded() {
      seeded ??= seedPortals(seedOptionsOf(stack, redis, answer), PORTALS)
      return seeded
    },
    ...createStarters(redis, stack, options, ends),
  }
}

/** Starts what stands beside the world's first service, and has it stopped at the end. */
const createStarters = (
  redis: RedisServer,
  stack: Stack,
  { entry: built, profileDir }: WorldOptions,
  ends: Ends,
): Pick<World, 'startService' | 'startBaseline'> => ({
  async startService(env, entry = built) {
    const started = await startServiceProcess({ ...stack.env, PORT: '0', ...env }, entry)
    ends.push(started.stop)
    return started
  },

  async startBaseline(name, file, key, paths) {
    const child = startChild(file, profileDir)
    ends.push(child.stop)
    const url = String(await child.ask({ redisUrl: redis.url, key }))
    return { name, url, pid: child.pid, paths, authorization: authorizationOf(stack, PORTALS.hot) }
  },
})

const authorizationOf = (stack: Stack, portalId: string): string =>
  `Bearer ${stack.apiKey(portalId)}`

async function connectOnce(stack: Stack) {
  const call = createCall(stack.url, stack.apiKey(PORTALS.hot))
  const { returnUrl } = portalOf(PORTALS.hot)
  const made = await connect({ call, program: stack.programId, tenantRef: 'hot', returnUrl })
  const connectionId = String(made.body.id)
  const { status, body } = await call('POST', tokenPath(connectionId))
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`)
  return { connectionId, answer: JSON.stringify(body) }
}

const seedOptionsOf = ({ env, programId }: Stack, { url }: RedisServer, answer: string) => ({
  redisUrl: url,
  vaultKeys: env.VAULT_KEYS ?? '',
  pepper: env.API_KEY_PEPPER ?? '',
  program: programId,
  tokenLength: String(JSON.parse(answer).headers['x-knox-apitoken']).length,
})
