import type { RedisAccess } from '../../test/support/redis-server.ts'
import type { RigStore } from '../../test/support/service-rig.ts'
import { startWorld } from '../load/world.ts'
import type { ScenarioContext } from '../scenario.ts'
import { type Blow, type BlowOptions, besiege } from './blow.ts'
import { ALWAYS, LIVELY, SAMSUNG_TAKES_MS, SERVICE_ENV } from './settings.ts'

export interface Drill extends BlowOptions {
  readonly store: RigStore
  /** More environment of the services. */
  readonly env?: Readonly<Record<string, string>>
  readonly connections: number
  /** How many services. */
  readonly replicas: number
  readonly blows: readonly Blow[]
}

/** Lets services renew tokens all the time, on a store that is struck again and again. */
export async function runDrill(
  context: ScenarioContext,
  { store, connections, replicas, blows, ...options }: Drill,
): Promise<void> {
  const env = { ...SERVICE_ENV, ...options.env }
  const world = await startWorld(context, { ...LIVELY, connections, replicas, store, env })
  world.rig.sandbox.addFault({
    on: 'token',
    times: ALWAYS,
    do: { kind: 'delay', ms: SAMSUNG_TAKES_MS },
  })
  try {
    const siege = besiege(context, world)
    for (const blow of blows) await siege.strike(blow, options)
    await siege.end()
  } finally {
    await world.close()
  }
}

/** Options of a connection as the user who may do everything. */
export const asAdmin = ({ login, tls }: RedisAccess) => ({
  maxRetriesPerRequest: null,
  retryStrategy: () => 100,
  ...(login === undefined ? {} : { password: login.password }),
  ...(tls === undefined ? {} : { tls: {} }),
})

/** Reads how often everything is to be done. */
export function roundsOf({ argument }: Pick<ScenarioContext, 'argument'>): number {
  const rounds = Number(argument)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('rounds must be a whole number')
  return rounds
}

/** The same list so many times. */
export const repeated = <T>(rounds: number, list: readonly T[]): readonly T[] =>
  Array.from({ length: rounds }, () => list).flat()
