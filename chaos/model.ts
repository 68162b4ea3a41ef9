import { readPlay } from '../test/unit/vault/model/play.ts'
import { runModel } from '../test/unit/vault/model/run.ts'
import type { Scenario } from './scenario.ts'

const RUNS = 2000
/** How often progress is told. */
const TELL_EVERY = 500

/** Random commands against three simulated replicas, in simulated time. */
export const modelScenario: Scenario = {
  name: 'model',
  summary:
    'three simulated replicas under random requests, crashes and faults: every promise about tokens',
  takes: '1 min',
  argument: { name: 'runs', default: String(RUNS) },

  async run({ argument, say, problem }) {
    const play = readPlay(argument, RUNS)
    say(`${play.runs} runs, seed ${play.seed}`)
    let played = 0
    const { failure, tally } = await runModel(play, () => {
      played += 1
      if (played % TELL_EVERY === 0) say(`${played} of ${play.runs} runs`)
    })
    for (const [what, count] of tally) say(`  ${what}: ${count}`)
    if (failure !== null) problem(failure)
  },
}
