import './global-redis.ts'

/** Ends the run's Redis; the second project that names it finds nothing to do. */
export default async function stopGlobalRedis(): Promise<void> {
  const redis = globalThis.testRedis
  globalThis.testRedis = undefined
  await redis?.stop()
}
