import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const documents = [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })]

/** What a reader sees as text: without code, in which a bracket is no link. */
const prose = (path: string) =>
  read(path)
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '')

/** Relative targets of a document's links and images: file and anchor, from the root. */
function linksOf(path: string): readonly (readonly [file: string, anchor: string])[] {
  const found = [
    ...prose(path).matchAll(/\]\(([^)\s]+)\)/g),
    ...prose(path).matchAll(/\b(?:src|href)="([^"]+)"/g),
  ]
  return found
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#')
      return [file === '' ? path : normalize(join(dirname(path), file)), anchor] as const
    })
}

/** Anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (path: string) =>
  [
    ...read(path)
      .replace(/^```[\s\S]*?^```/gm, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

describe('links in the documentation', () => {
  it('are looked for in every document', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/api.md']))
    expect(documents.flatMap(linksOf).length).toBeGreaterThan(50)
  })

  it.each(documents)('of %s lead to something', (path) => {
    const links = linksOf(path)

    const dead = links.filter(([file]) => !existsSync(join(root, file)))
    const lost = links.filter(
      ([file, anchor]) =>
        anchor !== '' &&
        file.endsWith('.md') &&
        !dead.some(([gone]) => gone === file) &&
        !anchorsOf(file).includes(anchor),
    )
    expect({ dead, lost }).toEqual({ dead: [], lost: [] })
  })
})

describe('README.md', () => {
  const readme = read('README.md')

  it('has fewer than 200 lines', () => {
    expect(readme.split('\n').length).toBeLessThan(200)
  })

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: object }
    const named = [...readme.matchAll(/npm (?:run (?:--silent )?)?(\w[\w:]*)/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'are')

    expect(named.length).toBeGreaterThan(8)
    for (const name of named) expect(Object.keys(scripts)).toContain(name)
  })
})
