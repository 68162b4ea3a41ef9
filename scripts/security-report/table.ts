import type { Proof, Row } from './rows.ts'

const BEGIN = '<!-- security:report -->'
const END = '<!-- /security:report -->'

/** The requirements with their tests as a table of Markdown, one row each. */
export function toTable(rows: readonly Row[]): string {
  const head = ['| id | | requirement | tests |', '|---|---|---|---|']
  return [...head, ...rows.map(toLine)].join('\n')
}

function toLine({ id, priority, requirement, sources, tests, note }: Row): string {
  const from = sources.length === 0 ? '' : ` (${sources.join(', ')})`
  const said = note === undefined ? [] : [`*${note}*`]
  const shown = [...byFile(tests), ...said].join('<br>')
  return `| ${id} | ${priority} | ${requirement}${from} | ${shown === '' ? '*no test*' : shown} |`
}

/** `unit/http/pages`: its titles, one after the other. */
function byFile(tests: readonly Proof[]): readonly string[] {
  const titles = Map.groupBy(tests, ({ file }) => file)
  return [...titles].map(([file, proofs]) => {
    const name = file.replace(/^test\//, '').replace(/\.test\.ts$/, '')
    return `\`${name}\`: ${proofs.map(titleOf).join(' · ')}`
  })
}

const titleOf = ({ group, title }: Proof): string =>
  escapeText(group === undefined ? title : `${group}: ${title}`)

/** As it was written, whatever Markdown would make of it; a dollar sign would begin a formula. */
const escapeText = (text: string): string => text.replace(/[|*_<>`[\]\\$]/g, '\\$&')

/** The document with a new table between its two markers. @throws when it does not have both */
export function withTable(doc: string, table: string): string {
  const [before, after] = [doc.indexOf(BEGIN), doc.indexOf(END)]
  if (before === -1 || after < before) throw new Error(`no ${BEGIN} before an ${END}`)
  return `${doc.slice(0, before + BEGIN.length)}\n\n${table}\n\n${doc.slice(after)}`
}
