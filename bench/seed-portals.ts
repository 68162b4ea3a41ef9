import { Redis } from 'ioredis'
import { createSeeder, type SeedOptions } from './seed.ts'

/** Connections that are ready to be handed out. */
export interface Seeded {
  readonly small: readonly string[]
  readonly large: readonly string[]
  /** What one more connection takes in Redis: record, place in the list, reference. */
  readonly bytesPerConnection: number
}

const SMALL = 1_000
const LARGE = 10_000

/** Fills two portals. */
export async function seedPortals(
  options: SeedOptions,
  portals: { readonly small: string; readonly large: string },
): Promise<Seeded> {
  const seeder = await createSeeder(options)
  const redis = new Redis(options.redisUrl)
  try {
    const small = await seeder.fill(portals.small, SMALL)
    const before = await usedMemory(redis)
    const large = await seeder.fill(portals.large, LARGE)
    const bytesPerConnection = ((await usedMemory(redis)) - before) / LARGE
    return { small, large, bytesPerConnection }
  } finally {
    await redis.quit()
    await seeder.close()
  }
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory_dataset:(\d+)/m.exec(await redis.info('memory'))?.[1])
}
