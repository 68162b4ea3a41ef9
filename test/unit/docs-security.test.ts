import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const doc = readFileSync(join(root, 'docs/security.md'), 'utf8')
const rows = [...doc.matchAll(/^\| ([A-Z]{2}-\d\d) \| (.+) \| (.+) \|$/gm)].map(
  ([, id = '', requirement = '', tests = '']) => ({
    id,
    requirement,
    tests: [...tests.matchAll(/`([\w./-]+)`/g)].map(([, path]) => `test/${path}.test.ts`),
  }),
)

describe('docs/security.md', () => {
  it('has a row per requirement, in order, and each once', () => {
    const ids = rows.map(({ id }) => id)

    expect(ids.length).toBeGreaterThan(40)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(rows)('names tests of $id that exist', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0)
    for (const path of tests) expect([path, existsSync(join(root, path))]).toEqual([path, true])
  })
})
