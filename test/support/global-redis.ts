import { type RedisServer, startRedis } from './redis-server.ts'

declare global {
  /** Set by the run's set-up and ended by its tear-down. */
  var testRedis: RedisServer | undefined
}

/** Starts one Redis for the run, whichever projects name it, and publishes `TEST_REDIS_URL`. */
export default async function startGlobalRedis(): Promise<void> {
  if (globalThis.testRedis !== undefined) return
  globalThis.testRedis = await startRedis()
  process.env.TEST_REDIS_URL = globalThis.testRedis.url
}
