import { type Outcome, outcomeOf, type Results } from './results.ts'
import type { Proof, Row } from './rows.ts'

/** A requirement with how its tests have gone. */
export interface Verdict {
  readonly row: Row
  readonly proven: readonly Proof[]
  readonly broken: readonly { readonly proof: Proof; readonly outcome: Outcome }[]
}

/** What a run says of every requirement. */
export function judge(rows: readonly Row[], results: Results): readonly Verdict[] {
  return rows.map((row) => {
    const told = row.tests.map((proof) => ({ proof, outcome: outcomeOf(proof, results) }))
    return {
      row,
      proven: told.filter(({ outcome }) => outcome === 'passed').map(({ proof }) => proof),
      broken: told.filter(({ outcome }) => outcome !== 'passed'),
    }
  })
}

/**
 * What keeps the report from being good: a P0 requirement without a passing test, and any test that is
 * named and did not pass. One line each.
 */
export function problemsOf(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.flatMap(({ row, proven, broken }) => [
    ...(row.priority === 'P0' && proven.length === 0 ? [`${row.id}: no passing test`] : []),
    ...broken.map(({ proof, outcome }) => `${row.id}: ${outcome}: ${proof.file}: ${proof.title}`),
  ])
}

/** The requirements of a priority that nothing proves. */
export const unproven = (verdicts: readonly Verdict[], priority: string): readonly Row[] =>
  verdicts
    .filter(({ row, proven }) => row.priority === priority && proven.length === 0)
    .map(({ row }) => row)
