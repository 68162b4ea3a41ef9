import { Redis } from 'ioredis'
import type { Cleanup } from './cleanup.ts'
import { eventually } from './eventually.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** A real master with real replicas. */
export interface Replicated {
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]
  /** A connection to the master, for looking. */
  readonly admin: Redis
  /** Stops replicas where they stand; they stay connected and acknowledge nothing. */
  freeze(which?: readonly RedisServer[]): void
  thaw(which?: readonly RedisServer[]): void
  /** Resolves when the replicas have acknowledged everything there is. */
  acknowledged(): Promise<void>
}

/** By default a master waits five seconds before it copies its data to a new replica. */
export const AT_ONCE = ['--repl-diskless-sync-delay', '0'] as const

/** Whether as many replicas are in step, from an `INFO` answer. */
export const inStep = (info: string): number =>
  [...info.matchAll(/^slave\d+:.*state=online/gm)].length

function isAcknowledged(info: string): boolean {
  const [, offset] = /^master_repl_offset:(\d+)/m.exec(info) ?? []
  const acknowledged = [...info.matchAll(/^slave\d+:.*offset=(\d+)/gm)].map(([, at]) => at)
  return acknowledged.length > 0 && acknowledged.every((at) => at === offset)
}

const signal = (servers: readonly RedisServer[], name: 'SIGSTOP' | 'SIGCONT'): void => {
  for (const { pid } of servers) process.kill(pid, name)
}

/**
 * Resolves when so many replicas acknowledge: one that is new does so up to a second after it is in step.
 *
 * @param key - One that the server has and nobody else uses.
 */
export async function heard(admin: Redis, count: number, key: string): Promise<void> {
  await eventually(async () => {
    await admin.set(key, '')
    return (await admin.wait(count, 1000)) >= count
  })
  await admin.del(key)
}

/** Starts them, waits until all acknowledge, and has everything ended by the clean-up. */
export async function startReplicated(
  count: number,
  cleanup: Cleanup,
  masterArgs: readonly string[] = [],
): Promise<Replicated> {
  const master = await startRedis({ args: [...AT_ONCE, ...masterArgs] })
  cleanup.add(master.stop)
  const admin = new Redis(master.url)
  cleanup.add(() => admin.disconnect())
  const args = ['--replicaof', '127.0.0.1', `${master.port}`]
  const replicas = await Promise.all(Array.from({ length: count }, () => startRedis({ args })))
  for (const replica of replicas) cleanup.add(replica.stop)
  await eventually(async () => inStep(await admin.info('replication')) === count)
  await heard(admin, count, 'test')
  return {
    master,
    replicas,
    admin,
    freeze: (which = replicas) => signal(which, 'SIGSTOP'),
    thaw: (which = replicas) => signal(which, 'SIGCONT'),
    acknowledged: () => eventually(async () => isAcknowledged(await admin.info('replication'))),
  }
}
