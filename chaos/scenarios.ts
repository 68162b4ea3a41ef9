import { breakerScenario } from './breaker.ts'
import { clusterScenario } from './cluster.ts'
import { fuzzScenario } from './fuzz.ts'
import { herdScenario } from './herd.ts'
import { matrixScenario } from './matrix.ts'
import { modelScenario } from './model.ts'
import { rollingScenario } from './rolling.ts'
import type { Scenario } from './scenario.ts'
import { sentinelScenario } from './sentinel.ts'
import { soakScenario } from './soak.ts'
import { tenantsScenario } from './tenants.ts'

/** Every drill, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  matrixScenario,
  herdScenario,
  sentinelScenario,
  clusterScenario,
  rollingScenario,
  breakerScenario,
  modelScenario,
  tenantsScenario,
  fuzzScenario,
  soakScenario,
]
