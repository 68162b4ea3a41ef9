import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Proof, ROOT } from './rows.ts'
import { patternOf } from './titles.ts'

/** How one test went, as Jest writes it with `--json`. */
export interface TestResult {
  readonly ancestorTitles: readonly string[]
  readonly title: string
  /** `passed`, `failed`, or a word for a test that did not run. */
  readonly status: string
}

/** The tests of a run by file, counted from the root of the repository. */
export type Results = ReadonlyMap<string, readonly TestResult[]>

/** Part of what `jest --json --outputFile` writes. */
interface JestOutput {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly TestResult[]
  }[]
}

/** Reads the results of one or more runs; of a file that is in several, the last one counts. */
export function readResults(paths: readonly string[]): Results {
  const root = fileURLToPath(ROOT)
  const runs = paths.map((path): JestOutput => JSON.parse(readFileSync(path, 'utf8')))
  return new Map(
    runs.flatMap(({ testResults }) =>
      testResults.map((file) => [relative(root, file.name), file.assertionResults] as const),
    ),
  )
}

/** `missing` when no test of that title ran; several of one title pass together or not at all. */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'missing'

/** How the tests that a proof names have gone. */
export function outcomeOf({ file, title, group }: Proof, results: Results): Outcome {
  const isTitle = patternOf(title)
  const isGroup = group === undefined ? /^/ : patternOf(group)
  const found = (results.get(file) ?? []).filter(
    (test) => isTitle.test(test.title) && isGroup.test(test.ancestorTitles.at(-1) ?? ''),
  )
  if (found.length === 0) return 'missing'
  if (found.some(({ status }) => status === 'failed')) return 'failed'
  return found.every(({ status }) => status === 'passed') ? 'passed' : 'skipped'
}
