import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { renderResults, runAll } from './support/run.ts'

const EXIT_PROBLEM = 1
/** sysexits.h: EX_USAGE; and 128 + SIGINT. */
const EXIT_USAGE = 64
const EXIT_INTERRUPTED = 130

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

/** Every file of every process goes into one directory, which goes with this process. */
function keepFilesTogether(): void {
  const directory = mkdtempSync(join(tmpdir(), 'knoxgate-chaos-'))
  process.env.TMPDIR = directory
  // Processes that were just killed may still be writing.
  const patient = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }
  process.once('exit', () => rmSync(directory, patient))
}

/** @returns The exit code. */
async function run(planned: readonly Planned[]): Promise<number> {
  // By way of `exit`, which ends the processes that were started and removes what was written.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(EXIT_INTERRUPTED))
  keepFilesTogether()
  say('building the service')
  const entry = await buildService().catch((error: Error) => {
    console.error(error.message)
    return undefined
  })
  if (entry === undefined) return EXIT_PROBLEM
  const results = await runAll(planned, entry, say)
  console.log(`\n${renderResults(results)}`)
  return results.every(({ problems }) => problems.length === 0) ? 0 : EXIT_PROBLEM
}

const options = readOptionsOrExit()
if (options.kind === 'help') console.log(usage(SCENARIOS))
else if (options.kind === 'list') console.log(list(SCENARIOS))
else process.exitCode = await run(options.planned)
