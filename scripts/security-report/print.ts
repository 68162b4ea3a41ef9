import { problemsOf, unproven, type Verdict } from './judge.ts'
import type { Row } from './rows.ts'

const nameOf = ({ id, requirement, note }: Row): string =>
  `  ${id}  ${requirement}${note === undefined ? '' : `\n         ${note}`}`

/** The report for a terminal: a line per requirement, what nothing proves, and what is wrong. */
export function toReport(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(
    ({ row, proven }) =>
      `${proven.length === 0 ? '-' : '+'} ${row.id} ${row.priority}  ${proven.length} of ${row.tests.length} tests  ${row.requirement}`,
  )
  const problems = problemsOf(verdicts)
  return [
    ...lines,
    ...(['P0', 'P1', 'P2'] as const).flatMap((priority) => summaryOf(verdicts, priority)),
    '',
    problems.length === 0 ? 'Nothing is wrong.' : `Wrong (${problems.length}):`,
    ...problems.map((problem) => `  ${problem}`),
  ].join('\n')
}

function summaryOf(verdicts: readonly Verdict[], priority: string): readonly string[] {
  const all = verdicts.filter(({ row }) => row.priority === priority)
  const without = unproven(verdicts, priority)
  const proven = `${priority}: ${all.length - without.length} of ${all.length} are proven`
  return [
    '',
    without.length === 0 ? `${proven}.` : `${proven}; without a test:`,
    ...without.map(nameOf),
  ]
}
