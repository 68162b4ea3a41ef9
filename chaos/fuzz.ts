import { judgeFuzz, judgeStop } from './fuzz/judge.ts'
import { runFuzz } from './fuzz/run.ts'
import { fuzzSettings } from './fuzz/settings.ts'
import { startFuzzWorld } from './fuzz/world.ts'
import type { Scenario } from './scenario.ts'

const REQUESTS = 100_000
const BATCH = 500
const CLIENTS = 12

/** Requests that nobody would send in good faith, to every route. */
export const fuzzScenario: Scenario = {
  name: 'fuzz',
  summary:
    '100,000 fuzzed requests to every route of both listeners: no defect, nothing told, memory flat, nothing lost',
  takes: '4 min',
  argument: { name: 'requests[,seed]', default: String(REQUESTS) },
  async run(context) {
    const { requests, seed } = readArgument(context.argument)
    context.say(`seed ${seed}: with it, the same requests come in the same order`)
    const world = await startFuzzWorld(context.entry, fuzzSettings())
    context.cleanup.add(world.close)
    const plan = { requests, seed, batch: BATCH, clients: CLIENTS }
    await judgeFuzz(context, world, await runFuzz(world, plan, context.say))
    await judgeStop(context, world)
    await world.close()
  },
}

/** @throws Error for anything but a number of requests, with or without a seed */
function readArgument(argument: string): { readonly requests: number; readonly seed: number } {
  const [count, given] = argument.split(',')
  const requests = Number(count)
  const seed = given === undefined ? Date.now() % 100_000 : Number(given)
  if (!Number.isSafeInteger(requests) || requests < 1 || !Number.isSafeInteger(seed))
    throw new Error('the argument must be such as 100000, or 100000,7 with a seed')
  return { requests, seed }
}
