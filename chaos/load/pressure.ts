import type { ScenarioContext } from '../scenario.ts'
import { type Balancer, createBalancer } from './balancer.ts'
import { createRandom } from './random.ts'
import { startTraffic, type TrafficOptions } from './traffic.ts'
import type { World } from './world.ts'

/** A steady load on all replicas, by way of a balancer. */
export interface Pressure {
  readonly retried: Balancer['retried']
  /** Lets running requests end, and says what all of them were answered. */
  end(say: ScenarioContext['say']): Promise<void>
}

export type PressureOptions = Omit<TrafficOptions, 'balancer' | 'tenants' | 'random'>

/** The order of requests is no matter: what answers them is. */
const SEED = 1

/** Puts a deployment under load from now on. */
export function putUnderPressure(
  { rig, replicas, tenants }: World,
  options: PressureOptions,
): Pressure {
  const urls = replicas.map(({ url }) => url)
  const balancer = createBalancer(urls, rig.stack.apiKey())
  const traffic = startTraffic({ ...options, balancer, tenants, random: createRandom(SEED) })
  return {
    retried: balancer.retried,
    async end(say) {
      await traffic.stop()
      balancer.close()
      for (const line of traffic.lines()) say(line)
    },
  }
}
