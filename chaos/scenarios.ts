import { matrixScenario } from './matrix.ts'
import type { Scenario } from './scenario.ts'

/** Every drill, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [matrixScenario]
