import fc from 'fast-check'
import { createActions } from './actions.ts'
import { createCallers } from './callers.ts'
import { type Model, type Real, someCommands, someSetup } from './commands.ts'
import { bringToAnEnd } from './ending.ts'
import type { Play } from './play.ts'
import { createReport, type Tally } from './report.ts'
import type { Setup } from './setup.ts'
import { installVirtualTime } from './virtual-time.ts'
import { createWorld } from './world.ts'

const START = Date.parse('2026-11-20T17:00:00Z')
/** So long is looked for fewer commands that fail as well. */
const SHRINK_MS = 60_000

type Commands = Iterable<fc.AsyncCommand<Model, Real>>

/** What a play has shown. */
export interface Shown {
  /** What did not hold, in the fewest commands that were found, and how to play it again. */
  readonly failure: string | null
  readonly tally: Tally
}

async function playOnce(setup: Setup, commands: Commands, tally: Tally): Promise<void> {
  const time = installVirtualTime(START)
  try {
    const report = createReport(time.now, tally)
    const world = await createWorld(setup, time, report)
    const callers = createCallers(world)
    const real = { world, callers, actions: createActions(world, callers) }
    await fc.asyncModelRun(() => ({ model: {}, real }), commands)
    await bringToAnEnd(real)
  } finally {
    time.uninstall()
  }
}

/** Plays; three processes, their store and Samsung, against everything that can happen to them. */
export async function runModel(play: Play, onRun: () => void = () => {}): Promise<Shown> {
  const { runs, seed, path, replayPath } = play
  const tally: Tally = new Map()
  let failedAt: number | null = null

  async function tryOnce(setup: Setup, commands: Commands): Promise<void> {
    if (failedAt !== null && performance.now() - failedAt > SHRINK_MS) return
    try {
      await playOnce(setup, commands, tally)
    } catch (error) {
      failedAt ??= performance.now()
      throw error
    }
    onRun()
  }

  const details = await fc.check(fc.asyncProperty(someSetup, someCommands(replayPath), tryOnce), {
    numRuns: runs,
    seed,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
  return { failure: details.failed ? describe(details) : null, tally }
}

function describe({
  seed,
  counterexample,
  counterexamplePath,
  errorInstance,
}: fc.RunDetails<[Setup, Commands]>): string {
  const [setup, commands] = counterexample ?? []
  const text = String(commands)
  const replay = /replayPath="([^"]*)"/.exec(text)?.[1] ?? ''
  const again = `seed=${seed},path=${counterexamplePath},replay=${replay}`
  return [
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `world: ${JSON.stringify(setup)}`,
    `commands: ${text}`,
    'to play it again:',
    `  MODEL='${again}' npm test -- --selectProjects unit --testPathPatterns vault/model`,
    `  npm run chaos -- --model '${again}'`,
  ].join('\n')
}
