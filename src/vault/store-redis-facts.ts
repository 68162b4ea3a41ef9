import type { Redis } from 'ioredis'
import { classifyFailure } from './redis-errors.ts'
import { factsOf, type Inspection } from './redis-facts.ts'
import type { StoreFacts } from './store.ts'
import type { RedisClient } from './store-redis-client.ts'
import { mastersOf } from './store-redis-nodes.ts'

/** Replies that do not pass: no permission, or no such thing on this server. */
const FOR_GOOD: readonly string[] = ['NOPERM', 'ERR']

/** The answer, or null when the server will not give one. @throws What the client throws otherwise. */
async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
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

/** Facts about the masters behind a client; never throws. */
export async function describeRedis(
  client: RedisClient,
  replicasNeeded: number,
): Promise<StoreFacts> {
  const nothing = { kind: 'redis', warnings: ['redis does not say how it is configured'] } as const
  try {
    const asked = mastersOf(client).map((server) => inspect(server, replicasNeeded))
    return asked.length === 0 ? nothing : factsOf(await Promise.all(asked), replicasNeeded)
  } catch {
    return nothing
  }
}
