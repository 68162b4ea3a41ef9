/** One line of the table. */
export interface Row {
  readonly name: string
  readonly figure: number
  readonly unit: string
  /** What it is held against. */
  readonly baseline?: { readonly name: string; readonly figure: number }
  /** Figure by baseline. Not always the quotient of the two medians: it is the median of rounds. */
  readonly ratio?: number
  /** Bounds of the ratio, or of the figure where there is no ratio. */
  readonly floor?: number
  readonly goal?: number
  /** A smaller figure is the better one. */
  readonly lowerIsBetter?: boolean
}

const HEADINGS = ['row', 'figure', 'baseline', 'ratio', 'floor', 'goal', 'verdict'] as const

/** Three significant digits at least, thousands separated. */
export function format(value: number): string {
  if (Number.isNaN(value)) return 'n/a'
  const digits = Math.abs(value) >= 100 ? 0 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

const judged = ({ ratio, figure }: Row): number => ratio ?? figure

/** How far a row is on the wrong side of a bound: 0 when it is met, undefined without a bound. */
function shortBy(row: Row, bound: number | undefined): number | undefined {
  if (bound === undefined) return undefined
  const distance = row.lowerIsBetter === true ? judged(row) - bound : bound - judged(row)
  return Math.max(0, distance)
}

/** Tells whether a row is below its floor; one that could not be measured is not. */
export const missesFloor = (row: Row): boolean => (shortBy(row, row.floor) ?? 0) > 0

function verdict(row: Row): string {
  if (Number.isNaN(judged(row))) return 'not measured'
  if (missesFloor(row)) return `FLOOR MISSED by ${format(shortBy(row, row.floor) ?? 0)}`
  const short = shortBy(row, row.goal)
  if (short === undefined) return row.floor === undefined ? '' : 'floor met'
  return short === 0 ? 'goal met' : `short of the goal by ${format(short)}`
}

function cells(row: Row): readonly string[] {
  const { name, figure, unit, baseline, ratio, floor, goal } = row
  const bound = (value: number | undefined) => (value === undefined ? '' : format(value))
  return [
    name,
    `${format(figure)} ${unit}`,
    baseline === undefined ? '' : `${format(baseline.figure)} ${baseline.name}`,
    bound(ratio),
    bound(floor),
    bound(goal),
    verdict(row),
  ]
}

/** The table in Markdown, its columns aligned so that it reads as plain text, too. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)]
  const widths = HEADINGS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const render = (line: readonly string[]) =>
    `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = '', ...body] = lines.map(render)
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}
