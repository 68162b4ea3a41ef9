import { buildService } from '../scripts/stack/build-service.ts'
import { SCENARIOS } from './scenarios.ts'
import {
  list,
  type Options,
  type Planned,
  readOptions,
  UsageError,
  usage,
} from './support/options.ts'
import { createRunner, renderResults } from './support/run.ts'

const EXIT_PROBLEM = 1
/** sysexits.h: EX_USAGE; and 128 + SIGINT. */
const EXIT_USAGE = 64
const EXIT_INTERRUPTED = 130
/** What was started is ended anyway when this process ends; only its files would stay. */
const CLEANUP_MS = 10_000

const startedAt = performance.now()

function say(line: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  console.log(`${`${seconds}`.padStart(5)} s  ${line}`)
}

function readOptionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2), SCENARIOS)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage(SCENARIOS)}`)
    process.exit(EXIT_USAGE)
  }
}

/** @returns The exit code. */
async function runAll(planned: readonly Planned[]): Promise<number> {
  const runner = createRunner(say)
  const interrupt = (): void => {
    // A second Ctrl-C does not wait.
    process.once('SIGINT', () => process.exit(EXIT_INTERRUPTED))
    say('stopping')
    const late = setTimeout(() => process.exit(EXIT_INTERRUPTED), CLEANUP_MS)
    void runner.abandon().finally(() => {
      clearTimeout(late)
      process.exit(EXIT_INTERRUPTED)
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  say('building the service')
  const entry = await buildService().catch((error: Error) => {
    console.error(error.message)
    return undefined
  })
  if (entry === undefined) return EXIT_PROBLEM
  const results = await runner.run(planned, entry)
  console.log(`\n${renderResults(results)}`)
  return results.every(({ problems }) => problems.length === 0) ? 0 : EXIT_PROBLEM
}

const options = readOptionsOrExit()
if (options.kind === 'help') console.log(usage(SCENARIOS))
else if (options.kind === 'list') console.log(list(SCENARIOS))
else process.exitCode = await runAll(options.planned)
