import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const protocol = read('docs/protocol.md')
const configuration = read('docs/configuration.md')

const SOURCES = ['src', 'test', 'scripts', 'chaos', 'bench'].flatMap((folder) =>
  globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }),
)

/** Sections that comments cite: `protocol.md 3.3 and 9b` is two of them. */
const cited = (text: string) =>
  [...text.matchAll(/protocol\.md ((?:\d+(?:\.\d+|b)?)(?:(?:,| and| to) \d+(?:\.\d+|b)?)*)/g)]
    .flatMap(([, list = '']) => list.split(/,? (?:and |to )?/))
    .filter((section) => section !== '')

/** Numbers of headings, and of the rows of section 0, which are cited too. */
const sections = [
  ...[...protocol.matchAll(/^#+ (\d+(?:\.\d+|b)?)\.? /gm)].map(([, number]) => number),
  ...[...protocol.matchAll(/^\| (0\.\d) \|/gm)].map(([, number]) => number),
]

/** Rows of section 10: the setting and how to close it, by the number of the unknown. */
const unknowns = [...protocol.matchAll(/^\| (U\d+) \| (.+) \| (.+) \| (.+) \|$/gm)].map(
  ([, id = '', what = '', here = '', close = '']) => ({ id, what, here, close }),
)

describe('docs/protocol.md', () => {
  it('has every section that a comment cites', () => {
    const citations = SOURCES.flatMap((path) =>
      cited(read(path)).map((section) => ({ path, section })),
    )

    expect(citations.length).toBeGreaterThan(80)
    expect(citations.filter(({ section }) => !sections.includes(section))).toEqual([])
  })

  it('has twenty unknowns, each with what stands for it here and how to close it', () => {
    expect(unknowns.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, at) => `U${at + 1}`),
    )
  })

  it('names no unknown that has no row', () => {
    const named = new Set([...protocol.matchAll(/\bU\d+\b/g)].map(([id]) => id))

    expect([...named].filter((id) => !unknowns.some((row) => row.id === id))).toEqual([])
  })

  it('names only settings that docs/configuration.md explains', () => {
    const settings = unknowns.flatMap(({ here }) =>
      [...here.matchAll(/`((?:knox|samsung_account)\.\w+)`/g)].map(([, name = '']) => name),
    )

    expect(settings.length).toBeGreaterThan(8)
    expect(settings.filter((name) => !configuration.includes(`\`${name}\``))).toEqual([])
  })
})

describe('docs/kinds.md', () => {
  const kinds = read('docs/kinds.md')

  it.each(['samsung-account', 'knox-msp', 'knox-customer', 'knox-oauth2'])(
    'says of %s whether it is served, and has a section about it',
    (kind) => {
      const [, served] =
        new RegExp(`^\\| \`${kind}\` \\|.*\\| (yes|no) \\|$`, 'm').exec(kinds) ?? []
      const section = kinds.split(`\n## ${kind}\n`)[1] ?? ''

      expect(served).toBeDefined()
      expect(section.trimStart().startsWith('Not in this version.')).toBe(served === 'no')
    },
  )
})
