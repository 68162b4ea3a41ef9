import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { AUDIT_EVENTS } from '../../src/audit/audit.ts'
import { toFields } from '../../src/audit/entry.ts'
import { AUDIT_KEY, auditHeadKey } from '../../src/audit/sink-redis.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const doc = read('docs/operations.md')
const section = doc.slice(doc.indexOf('\n## Audit\n'), doc.indexOf('\n## Why did my customer'))
const sources = globSync('src/**/*.ts', { cwd: root }).filter(
  (path) => !path.endsWith('audit/audit.ts'),
)

/** Names in the first column of the table that has this heading. */
function namesUnder(heading: string): readonly string[] {
  const table = section.slice(section.indexOf(heading)).split('\n\n')[0] ?? ''
  return [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].flatMap(([, name]) => name ?? []),
  )
}

describe('the audit part of docs/operations.md', () => {
  it('has a row for every event, in order, and for no other', () => {
    expect(namesUnder('| event | when |')).toEqual([...AUDIT_EVENTS])
  })

  it('names an event only if something writes it', () => {
    const text = sources.map(read).join('\n')

    expect(AUDIT_EVENTS.filter((event) => !text.includes(`'${event}'`))).toEqual([])
  })

  it('has a row for every member of an entry', () => {
    const placed = ['id', 'v', 'process', 'seq', 'prev', 'hash']
    const fields = Object.keys(toFields({ event: 'process_started' }, 0))

    const described = namesUnder('| member | always there |')

    expect([...described].sort()).toEqual([...placed, ...fields, 'version', 'config'].sort())
  })

  it('names the keys as they are stored', () => {
    expect(doc).toContain(`\`${AUDIT_KEY}\``)
    expect(doc).toContain(`\`${auditHeadKey('<process>')}\``)
  })
})
