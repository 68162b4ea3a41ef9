import { type Cleanup, createCleanup } from '../../test/support/cleanup.ts'
import type { Planned } from './options.ts'

/** How a scenario ended. */
export interface Result {
  readonly name: string
  readonly durationMs: number
  /** What did not hold; empty when everything did. */
  readonly problems: readonly string[]
}

/** Runs scenarios, one after the other. */
export interface Runner {
  run(planned: readonly Planned[], entry: string): Promise<readonly Result[]>
  /** Undoes what the running scenario has started, because this process is about to end. */
  abandon(): Promise<void>
}

/** @param say - Prints one line of progress. */
export function createRunner(say: (line: string) => void): Runner {
  let current: Cleanup | undefined
  let isAbandoned = false

  async function runOne({ scenario, argument }: Planned, entry: string): Promise<Result> {
    const { name } = scenario
    const problems: string[] = []
    const problem = (what: string): void => {
      problems.push(what)
      say(`${name}: PROBLEM: ${what}`)
    }
    const cleanup = createCleanup()
    current = cleanup
    const startedAt = performance.now()
    const sayAs = (line: string): void => say(`${name}: ${line}`)
    try {
      await scenario.run({ entry, argument, say: sayAs, cleanup, problem })
    } catch (error) {
      problem(describe(error))
    }
    await cleanup.run().catch((error: unknown) => problem(`cleaning up: ${describe(error)}`))
    return { name, durationMs: performance.now() - startedAt, problems }
  }

  return {
    async run(planned, entry) {
      const results: Result[] = []
      for (const one of planned) if (!isAbandoned) results.push(await runOne(one, entry))
      return results
    },
    async abandon() {
      isAbandoned = true
      await current?.run()
    },
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

/** One line per scenario, then every problem. */
export function renderResults(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ name }) => name.length))
  const lines = results.map(({ name, durationMs, problems }) => {
    const seconds = `${Math.round(durationMs / 1000)} s`.padStart(7)
    const { length } = problems
    const verdict = length === 0 ? 'held' : `${length} ${length === 1 ? 'problem' : 'problems'}`
    return `${name.padEnd(width)}  ${seconds}  ${verdict}`
  })
  const problems = results.flatMap(({ name, problems: all }) => all.map((one) => `${name}: ${one}`))
  return [...lines, ...(problems.length === 0 ? [] : ['', ...problems])].join('\n')
}
