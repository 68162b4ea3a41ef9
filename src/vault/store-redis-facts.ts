import type { Redis } from 'ioredis'
import type { RedisAddress, RedisTarget } from '../shared/redis-url.ts'
import { classifyFailure } from './redis-errors.ts'
import { factsOf, type Inspection, placesOfReplicas } from './redis-facts.ts'
import type { StoreFacts } from './store.ts'
import { createRedisQuestioner, type RedisClient } from './store-redis-client.ts'
import { mastersOf } from './store-redis-nodes.ts'

/** Replies that do not pass: no permission, or no such thing on this server. */
const FOR_GOOD: readonly string[] = ['NOPERM', 'ERR']

/** The answer, or null when the server will not give one. @throws What the client throws otherwise. */
export async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    const { byServer, reason } = classifyFailure(error)
    if (byServer && FOR_GOOD.includes(reason)) return null
    throw error
  }
}

async function inspect(server: Redis, replicasNeeded: number): Promise<Inspection> {
  const [info, script, wait] = await Promise.all([
    unlessRefused(server.info()),
    unlessRefused(server.eval('return 1', 0)),
    // Waiting for none is answered at once; on a replica it is refused all the same.
    replicasNeeded === 0 ? 0 : unlessRefused(server.wait(0, 1)),
  ])
  return { info, runsScripts: script !== null, mayWait: wait !== null }
}

/** What a replica says of itself; null when it does not. */
async function askReplica(target: RedisTarget, place: RedisAddress): Promise<string | null> {
  const replica = createRedisQuestioner(target, place)
  replica.on('error', () => {})
  try {
    await replica.connect()
    return await replica.info()
  } catch {
    return null
  } finally {
    replica.disconnect()
  }
}

/** Facts about the masters behind a client, and their replicas; never throws. */
export async function describeRedis(
  client: RedisClient,
  target: RedisTarget,
  replicasNeeded: number,
): Promise<StoreFacts> {
  const nothing = { kind: 'redis', warnings: ['redis does not say how it is configured'] } as const
  try {
    const masters = mastersOf(client)
    if (masters.length === 0) return nothing
    const asked = await Promise.all(masters.map((server) => inspect(server, replicasNeeded)))
    const places = asked.flatMap(({ info }) => placesOfReplicas(info ?? ''))
    const replicas = await Promise.all(places.map((place) => askReplica(target, place)))
    return factsOf(asked, replicasNeeded, replicas)
  } catch {
    return nothing
  }
}
