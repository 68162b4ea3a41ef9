import { Redis } from 'ioredis'
import type { Log } from '../shared/log.ts'
import type { RedisTarget } from '../shared/redis-url.ts'
import { sleep } from '../shared/time.ts'
import { classifyFailure } from './redis-errors.ts'
import { createRedisClient, type RedisClient } from './store-redis-client.ts'

/** A client that connects again by itself, and what must be known of it to judge a failed write. */
export interface RedisLink {
  readonly client: RedisClient
  /**
   * How many connections were lost so far. When it has moved during a command, the client may have
   * sent that command twice, and the second answer says nothing of the first.
   */
  losses(): number
  isReady(): boolean
  /** Tells of every connection that is ready, and in a cluster when the slots were looked up as well. */
  onReady(listener: () => void): void
  /** Whether it is ready, or becomes so within this time. */
  becomesReady(withinMs: number): Promise<boolean>
  close(): Promise<void>
}

export interface RedisLinkDeps {
  readonly timeoutMs: number
  readonly log: Log
}

const REVIVE_AFTER_MS = 100

const noop = (): void => {}

/** Listens to a client and, of a cluster, to the connection of every node there ever is. */
function onEvery(client: RedisClient, event: 'close' | 'ready', listener: () => void): void {
  client.on(event, listener)
  if (client instanceof Redis) return
  const listenTo = (node: Redis): void => void node.on(event, listener)
  for (const node of client.nodes('all')) listenTo(node)
  client.on('+node', listenTo)
}

/** Logs each kind of connection error once, and that they are over. */
function logConnection(client: RedisClient, log: Log): void {
  const told = new Set<string>()
  const failed = (error: unknown): void => {
    const { reason } = classifyFailure(error)
    if (!told.has(reason)) log.warn('store_connection_error', { reason })
    told.add(reason)
  }
  client.on('error', failed)
  client.on('node error', failed)
  onEvery(client, 'ready', () => {
    if (told.size > 0) log.info('store_connection_restored')
    told.clear()
  })
}

/**
 * Connects, and goes on where the client would not: news of a failover that comes while a sentinel is
 * being asked for the master makes ioredis 6 give up for good.
 *
 * @returns Stops that.
 */
function keepConnecting(client: RedisClient): () => void {
  let isStopped = false
  // It rejects on the first refusal although the client goes on trying: `ready` is what counts.
  const connect = (): void => {
    if (!isStopped) client.connect().catch(noop)
  }
  client.on('end', () => void setTimeout(connect, REVIVE_AFTER_MS).unref())
  connect()
  return () => {
    isStopped = true
  }
}

/** Opens a connection and keeps it; errors are logged by a code and never thrown. */
export function openRedisLink(target: RedisTarget, { timeoutMs, log }: RedisLinkDeps): RedisLink {
  const client = createRedisClient(target, { timeoutMs })
  const isReady = (): boolean => client.status === 'ready'
  let losses = 0
  onEvery(client, 'close', () => {
    losses += 1
  })
  logConnection(client, log)
  const stopConnecting = keepConnecting(client)

  return {
    client,
    losses: () => losses,
    isReady,
    onReady(listener) {
      onEvery(client, 'ready', listener)
      client.on('refresh', listener)
    },

    async becomesReady(withinMs) {
      if (isReady()) return true
      // Not `events.once`, which rejects on the errors of every attempt before the one that succeeds.
      const { promise, resolve } = Promise.withResolvers<void>()
      client.once('ready', resolve)
      await Promise.race([promise, sleep(withinMs)])
      client.off('ready', resolve)
      return isReady()
    },

    async close() {
      stopConnecting()
      if (client.status === 'end') return
      if (isReady()) await client.quit().catch(noop)
      // Also after `quit`, which leaves the connections to sentinels open.
      client.disconnect()
    },
  }
}
