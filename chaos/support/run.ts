import { createCleanup } from '../../test/support/cleanup.ts'
import type { Planned } from './options.ts'

/** How a scenario ended. */
export interface Result {
  readonly name: string
  readonly durationMs: number
  /** What did not hold; empty when everything did. */
  readonly problems: readonly string[]
}

/**
 * Runs scenarios, one after the other.
 *
 * @param entry - The built service's `main.js`.
 * @param say - Prints one line of progress.
 */
export async function runAll(
  planned: readonly Planned[],
  entry: string,
  say: (line: string) => void,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const one of planned) results.push(await runOne(one, entry, say))
  return results
}

async function runOne(
  { scenario, argument }: Planned,
  entry: string,
  say: (line: string) => void,
): Promise<Result> {
  const { name } = scenario
  const problems: string[] = []
  const sayAs = (line: string): void => say(`${name}: ${line}`)
  const problem = (what: string): void => {
    problems.push(what)
    sayAs(`PROBLEM: ${what}`)
  }
  const cleanup = createCleanup()
  const startedAt = performance.now()
  try {
    await scenario.run({ entry, argument, say: sayAs, cleanup, problem })
  } catch (error) {
    problem(describeError(error))
  }
  await cleanup.run().catch((error: unknown) => problem(`cleaning up: ${describeError(error)}`))
  return { name, durationMs: performance.now() - startedAt, problems }
}

/** What was thrown, and where. */
export const describeError = (error: unknown): string =>
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
