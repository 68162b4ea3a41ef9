import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createMetrics } from '../../src/admin/metrics.ts'
import { programRecordId } from '../../src/breaker/breaker-record.ts'
import { REFRESH_OUTCOMES } from '../../src/vault/outcomes.ts'
import { documentKey, indexKey, referenceKey } from '../../src/vault/store.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const doc = read('docs/operations.md')

/** `level event` of every call of the log in the product; a name that is no literal stands as it is. */
function loggedEvents(): readonly string[] {
  const files = globSync('src/**/*.ts', { cwd: root }).filter(
    (path) => !path.startsWith('src/sandbox/'),
  )
  const call = /\blog\??\.(debug|info|warn|error)\(\s*(?:'(\w+)'|([^\s,)]+))/g
  const found = files.flatMap((path) =>
    [...read(path).matchAll(call)].map(([, level, literal, other]) =>
      literal === undefined ? `${path} ${other}` : `${level} ${literal}`,
    ),
  )
  return [...new Set(found)]
}

/** Events that `die` of the entry file is given. */
const fatal = [...read('src/serve.ts').matchAll(/\bdie\('(\w+)'/g)].map(
  ([, name]) => `error ${name}`,
)

/** `level event` of every row of the table of events. */
const documented = [
  ...doc.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| ((?:debug|info|warn|error)(?:, \w+)*) \|/gm),
]
  .flatMap(([, names = '', levels = '']) =>
    [...names.matchAll(/`(\w+)`/g)].flatMap(([, name]) =>
      levels.split(', ').map((level) => `${level} ${name}`),
    ),
  )
  .sort()

describe('docs/operations.md', () => {
  it('has a row for every event of the log, with its level, and for no other', () => {
    const logged = loggedEvents().filter((event) => event !== 'src/serve.ts event')

    expect(fatal).toHaveLength(2)
    expect(documented).toEqual([...logged, ...fatal].sort())
  })

  it('has a row for every metric of its own', async () => {
    const metrics = createMetrics({ programs: [], skews: () => [] })
    const { text } = await metrics.render()
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
    const own = names.filter((name) => !/^knoxgate_(process|nodejs)_/.test(name))

    const rows = [...doc.matchAll(/^\| `(knoxgate_\w+)` \|/gm)].map(([, name]) => name)

    expect(own.length).toBeGreaterThan(5)
    expect([...rows].sort()).toEqual([...own].sort())
  })

  it('has a row for every outcome of a renewal', () => {
    for (const outcome of REFRESH_OUTCOMES)
      expect(doc).toMatch(new RegExp(`^\\| \`${outcome}\` \\|`, 'm'))
  })

  it('names the keys as they are stored', () => {
    expect(doc).toContain(`\`${documentKey('conn_…')}\``)
    expect(doc).toContain(`\`${documentKey(programRecordId('<program>'))}\``)
    expect(doc).toContain(`\`${indexKey('<portal>')}\``)
    expect(doc).toContain(`\`${referenceKey('<portal>', '<program>', '<hash>')}\``)
  })
})
