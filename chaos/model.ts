import { runModel } from '../test/unit/vault/model/run.ts'
import type { Scenario } from './scenario.ts'

/** How often progress is told. */
const TELL_EVERY = 500

/** `2000` or `2000,7`: how many runs, and the seed of a run that is to be played again. */
function readArgument(argument: string): { readonly runs: number; readonly seed: number } {
  const [, runs, seed] = /^(\d{1,7})(?:,(\d{1,10}))?$/.exec(argument) ?? []
  if (runs === undefined) throw new RangeError(`not a number of runs: ${argument}`)
  return { runs: Number(runs), seed: seed === undefined ? Date.now() % 2 ** 31 : Number(seed) }
}

/** Random commands against three simulated replicas, in simulated time. */
export const modelScenario: Scenario = {
  name: 'model',
  summary:
    'three simulated replicas, random requests, crashes and faults: every promise about tokens',
  takes: '1 min',
  argument: { name: 'runs[,seed]', default: '2000' },

  async run({ argument, say, problem }) {
    const { runs, seed } = readArgument(argument)
    say(`${runs} runs, seed ${seed}: with --model ${runs},${seed} they come again`)
    let played = 0
    const onRun = (): void => {
      played += 1
      if (played % TELL_EVERY === 0) say(`${played} of ${runs} runs`)
    }
    const wrong = await runModel({ runs, seed, onRun })
    if (wrong !== null) problem(wrong)
  },
}
