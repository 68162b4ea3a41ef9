import fc from 'fast-check'
import { createActions } from './actions.ts'
import { createCallers } from './callers.ts'
import { type Model, type Real, someCommands, someSetup } from './commands.ts'
import { bringToAnEnd } from './ending.ts'
import { createReport } from './report.ts'
import type { Setup } from './setup.ts'
import { installVirtualTime } from './virtual-time.ts'
import { createWorld } from './world.ts'

const START = Date.parse('2026-11-20T17:00:00Z')

/** Which runs are made. */
export interface ModelOptions {
  readonly runs: number
  readonly seed: number
  /** Of a run that failed, as it was printed then. */
  readonly path?: string
  readonly replayPath?: string
  /** Told after each run. */
  readonly onRun?: () => void
}

async function play(setup: Setup, commands: Iterable<fc.AsyncCommand<Model, Real>>): Promise<void> {
  const time = installVirtualTime(START)
  try {
    const report = createReport(time.now)
    const world = await createWorld(setup, time, report)
    const callers = createCallers(world)
    const real = { world, callers, actions: createActions(world, callers) }
    await fc.asyncModelRun(() => ({ model: {}, real }), commands)
    await bringToAnEnd(real)
  } finally {
    time.uninstall()
  }
}

/**
 * Plays.
 *
 * @returns null when everything held; else what did not, in the fewest commands, and how to play it again.
 */
export async function runModel(options: ModelOptions): Promise<string | null> {
  const { runs, seed, path, replayPath, onRun } = options
  const property = fc
    .asyncProperty(someSetup, someCommands(replayPath), play)
    .afterEach(() => onRun?.())
  const details = await fc.check(property, {
    numRuns: runs,
    seed,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
  if (!details.failed) return null
  return `${fc.defaultReportMessage(details)}\n${details.errorInstance}`
}
