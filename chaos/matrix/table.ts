import type { Blow } from './cell.ts'
import type { Verdict } from './judge.ts'
import { MODES } from './modes.ts'
import { POINTS, type Point } from './points.ts'

/** What is done to the process; one column for each. */
export const BLOWS: readonly Blow[] = ['SIGKILL', 'SIGSTOP']
const WIDTH = 11

export type Verdicts = ReadonlyMap<string, Verdict>

/** The name of a cell. */
export const cellKey = (point: string, mode: string, blow: Blow): string =>
  `${point} ${mode} ${blow}`

/** The final state of every cell, one row for each point. */
export function renderMatrix(verdicts: Verdicts, points: readonly Point[]): string {
  const name = (text: string) => text.padEnd(nameWidth)
  const nameWidth = Math.max(...POINTS.map((point) => titleOf(point).length)) + 2
  const modes = MODES.map((mode) => mode.name.padEnd(WIDTH * BLOWS.length)).join('')
  const blows = MODES.flatMap(() => BLOWS.map((blow) => blow.padEnd(WIDTH))).join('')
  const rows = points.map((point) => {
    const cells = MODES.flatMap((mode) =>
      BLOWS.map((blow) => show(verdicts.get(cellKey(point.id, mode.name, blow)))),
    )
    return name(titleOf(point)) + cells.join('')
  })
  const lines = [name('the process is') + blows, ...rows]
  return [name('Samsung: rotation') + modes, ...lines].map((line) => line.trimEnd()).join('\n')
}

const titleOf = ({ id, name }: Point): string => `${id.padEnd(4)}${name}`

const show = (verdict: Verdict | undefined): string =>
  (verdict === undefined
    ? '-'
    : `${verdict.state}${verdict.problems.length === 0 ? '' : ' !'}`
  ).padEnd(WIDTH)

export const LEGEND = `\
ok         the connection works with the refresh token that Samsung holds to be alive
recovered  the same, after one more use of a token whose last use had no known outcome
consent    Samsung replaced the token and nobody has its answer: the customer is asked again
uncertain  the outcome is not known, and nothing was risked
!          an invariant did not hold`
