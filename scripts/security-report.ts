/**
 * Which test holds the code to which security requirement: `npm run security:report`.
 *
 * Runs the tests that docs/security-rows.json names, prints how every requirement stands, and checks that
 * the table of docs/security.md is what the rows say. Ends with 1 when a P0 requirement has no passing test,
 * when a test that is named is gone or did not pass, or when the table is old.
 *
 * `-- --write` writes the table and runs nothing. `-- --no-run results.json`, as often as wanted, takes what
 * `npm test -- --json --outputFile=results.json` has written instead of running anything.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { judge, problemsOf } from './security-report/judge.ts'
import { toReport } from './security-report/print.ts'
import { readResults } from './security-report/results.ts'
import { ROOT, type Row, readRows } from './security-report/rows.ts'
import { runTests } from './security-report/run-tests.ts'
import { toTable, withTable } from './security-report/table.ts'

const DOC = new URL('docs/security.md', ROOT)

async function report(rows: readonly Row[], given: readonly string[] = []): Promise<void> {
  const files = new Set(rows.flatMap(({ tests }) => tests.map(({ file }) => file)))
  const results = given.length > 0 ? readResults(given) : await runTests([...files])
  const verdicts = judge(rows, results)
  console.log(toReport(verdicts))
  if (problemsOf(verdicts).length > 0) process.exitCode = 1
}

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, 'no-run': { type: 'string', multiple: true } },
})
const rows = readRows()
const doc = readFileSync(DOC, 'utf8')
const current = withTable(doc, toTable(rows))
if (values.write) writeFileSync(DOC, current)
else {
  await report(rows, values['no-run'])
  if (doc !== current) {
    console.log('The table of docs/security.md is old: npm run security:report -- --write')
    process.exitCode = 1
  }
}
