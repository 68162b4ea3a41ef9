import { randomInt } from 'node:crypto'
import { Cluster, Redis, type RedisOptions, type Result } from 'ioredis'
import type { RedisAddress, RedisTarget } from '../shared/redis-url.ts'
import { COMPARE_AND_SET, READ, SET_REFERENCE } from './redis-scripts.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    kgRead(key: string): Result<unknown, Context>
    kgCompareAndSet(
      key: string,
      revision: number,
      text: string,
      writeId: string,
      version: string,
      expiresInMs: number | '',
    ): Result<unknown, Context>
    kgSetReference(key: string, expected: string, value: string): Result<unknown, Context>
  }
}

export type RedisClient = Redis | Cluster

export interface RedisClientOptions {
  /** One command, from sending to its reply. */
  readonly timeoutMs: number
}

const CONNECT_TIMEOUT_MS = 2000
/** How long the end of a process may be held up by a connection that is gone already. */
const DISCONNECT_TIMEOUT_MS = 200
const KEEP_ALIVE_MS = 10_000
const SENTINEL_TIMEOUT_MS = 1000
/** A hung node may be the first that is asked: then nothing is known for so long. */
const SLOTS_REFRESH_TIMEOUT_MS = 2000
const SLOTS_REFRESH_INTERVAL_MS = 2000
const MAX_REDIRECTIONS = 8

const TLS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const

const SCRIPTS = {
  kgRead: { lua: READ, numberOfKeys: 1 },
  kgCompareAndSet: { lua: COMPARE_AND_SET, numberOfKeys: 1 },
  kgSetReference: { lua: SET_REFERENCE, numberOfKeys: 1 },
} as const

/**
 * 100 ms, doubled up to a second; half of it random, so that replicas do not come back in step. No more
 * than a second: a new primary is found by the first attempt after it has taken over.
 */
const retryDelay = (attempt: number): number =>
  Math.min(50 * 2 ** Math.min(attempt, 5), 1000) * (0.5 + randomInt(500) / 1000)

/** All replies that arrive together ask for the same; each would leave a listener behind. */
const LEAVE_EVERY_MS = 100

/**
 * Leaves a server that cannot take writes. 1 and not 2: whether to send again is decided where the outcome
 * is known.
 */
function leaveOnce(): (error: Error) => 1 | false {
  let leftAt = Number.NEGATIVE_INFINITY
  return ({ message }) => {
    if (!/^(READONLY|LOADING)/.test(message)) return false
    if (performance.now() - leftAt < LEAVE_EVERY_MS) return false
    leftAt = performance.now()
    return 1
  }
}

/** What every connection has, that to a node of a cluster included. */
function connectionOptions(target: RedisTarget, { timeoutMs }: RedisClientOptions) {
  return {
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password.reveal() }),
    ...(target.tls ? { tls: TLS } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    commandTimeout: timeoutMs,
    // Longer than `commandTimeout`; and 0 would not turn it off but fire at once.
    socketTimeout: Math.ceil(timeoutMs * 1.5),
    keepAlive: KEEP_ALIVE_MS,
    maxRetriesPerRequest: 1,
    enableReadyCheck: true,
    // `false` leaves promises pending for ever; the scripts can bear being sent twice.
    autoResendUnfulfilledCommands: true,
    enableAutoPipelining: false,
    disableClientInfo: true,
    protocol: 2,
    reconnectOnError: leaveOnce(),
  } satisfies RedisOptions
}

/** What the client as a whole has. A queued write that was given up on would be sent all the same. */
const CLIENT = { lazyConnect: true, enableOfflineQueue: false, scripts: SCRIPTS } as const

type ConnectionOptions = ReturnType<typeof connectionOptions>
type TargetOf<Kind extends RedisTarget['kind']> = RedisTarget & { readonly kind: Kind }

const createCluster = (target: TargetOf<'cluster'>, connection: ConnectionOptions): Cluster =>
  new Cluster([...target.nodes], {
    ...CLIENT,
    redisOptions: connection,
    scaleReads: 'master',
    maxRedirections: MAX_REDIRECTIONS,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: retryDelay,
    slotsRefreshTimeout: SLOTS_REFRESH_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    // Certificates name hosts; by default the addresses of those would be asked for.
    ...(target.tls ? { dnsLookup: (host, done) => done(null, host) } : {}),
  })

const sentinelOptions = (target: TargetOf<'sentinel'>) => ({
  sentinels: target.sentinels.map((address) => ({ ...address })),
  name: target.name,
  failoverDetector: true,
  sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
  sentinelRetryStrategy: retryDelay,
  ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: TLS } : {}),
})

/**
 * Creates a client for any target; it connects when `connect()` is called. Its options were found by
 * breaking things: by default ioredis 6 waits 73 s for an absent server and for ever for a hung one.
 *
 * The least a Redis user needs, with the keys `~kg:*`: `PING`, `INFO`, `EVAL`, `EVALSHA`, `HGET`,
 * `HMGET`, `HSET`, `PEXPIRE`, `PERSIST`, `TIME`, `GET`, `SET`, `DEL`, `ZADD`, `ZREM`, `ZRANGE`; `WAIT`
 * where replicas are waited for; `SELECT` for a database other than 0; `CLUSTER SLOTS`, `CLUSTER INFO`,
 * `ASKING`, `READONLY` in a cluster.
 */
export function createRedisClient(target: RedisTarget, options: RedisClientOptions): RedisClient {
  const connection = connectionOptions(target, options)
  if (target.kind === 'cluster') return createCluster(target, connection)
  const place = target.kind === 'sentinel' ? sentinelOptions(target) : target.address
  return new Redis({ ...CLIENT, ...connection, ...place, db: target.db, retryStrategy: retryDelay })
}

/** For one question to a server that nothing depends on. */
const QUESTION_TIMEOUT_MS = 500

/** Creates a client for one more server of the same group, which connects once and never again. */
export const createRedisQuestioner = (target: RedisTarget, place: RedisAddress): Redis =>
  new Redis({
    ...connectionOptions(target, { timeoutMs: QUESTION_TIMEOUT_MS }),
    ...place,
    connectTimeout: QUESTION_TIMEOUT_MS,
    lazyConnect: true,
    retryStrategy: null,
  })
