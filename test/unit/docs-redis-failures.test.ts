import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

const test = join(import.meta.dirname, '..')
const doc = readFileSync(join(test, '../docs/redis-failures.md'), 'utf8')

/** The last cell of every row: what shows it. */
const cells = [...doc.matchAll(/^\|.*\| ([^|]*) \|$/gm)]
  .map(([, cell = '']) => cell)
  .filter((cell) => cell !== 'shown by' && !cell.startsWith('---'))

/** What a cell names: a file, and a title that stands behind it, or none. */
const shown = cells.flatMap((cell) => {
  let file = ''
  return cell
    .split(' · ')
    .filter((part) => !/^(?:drill|every) /.test(part))
    .map((part) => {
      const [, named, title = ''] = /^`([\w/-]+)`(?:, [^:]*)?(?:: (.+))?$/.exec(part) ?? []
      file = named ?? file
      return [file, named === undefined ? part : title] as const
    })
})

const pathOf = (file: string): string | undefined =>
  [`${file}.test.ts`, `${file}.ts`].map((name) => join(test, name)).find(existsSync)

it('names a test or a drill for every failure', () => {
  expect(cells.length).toBeGreaterThan(25)
  for (const cell of cells) expect(cell).toMatch(/`\w+\/[\w/-]+`|`--\w+`/)
})

it.each(shown)('%s is there: %s', (file, title) => {
  const path = pathOf(file)

  expect(path).toBeDefined()
  expect(readFileSync(path ?? '', 'utf8')).toContain(title)
})
