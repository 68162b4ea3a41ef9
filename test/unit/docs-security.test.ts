import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { ROOT, readRows } from '../../scripts/security-report/rows.ts'
import { toTable, withTable } from '../../scripts/security-report/table.ts'
import { isTelling, titlesIn } from '../../scripts/security-report/titles.ts'

/** How many requirements there are in each area, which are numbered from 01. */
const AREAS = { OA: 21, RT: 16, KJ: 9, AP: 13, BR: 8, CR: 7, OU: 5, LG: 6, CF: 5, OP: 5 }

/** Without these there is no release; a requirement does not lose its priority by an edit. */
const P0 =
  'OA-01 OA-02 OA-03 OA-04 OA-06 OA-07 OA-09 OA-10 OA-11 OA-12 OA-13 OA-17 OA-18 ' +
  'RT-01 RT-02 RT-03 RT-04 RT-05 RT-06 RT-07 RT-08 RT-09 RT-13 RT-14 ' +
  'KJ-01 KJ-02 KJ-04 KJ-05 KJ-07 AP-01 AP-02 AP-03 AP-05 AP-06 AP-08 AP-09 AP-11 AP-12 ' +
  'BR-01 BR-02 BR-03 CR-01 CR-02 CR-03 CR-04 CR-05 OU-01 OU-02 OU-03 ' +
  'LG-01 LG-04 LG-05 LG-06 CF-01 CF-03 CF-04 OP-01 OP-02 OP-03'

const rows = readRows()
const doc = readFileSync(new URL('docs/security.md', ROOT), 'utf8')

describe('docs/security-rows.json', () => {
  it('has every requirement once, in order', () => {
    const ids = Object.entries(AREAS).flatMap(([area, count]) =>
      Array.from({ length: count }, (_, at) => `${area}-${String(at + 1).padStart(2, '0')}`),
    )

    expect(rows.map(({ id }) => id)).toEqual(ids)
  })

  it('gives none of the most urgent ones a lesser priority', () => {
    const urgent = rows.filter(({ priority }) => priority === 'P0')

    expect(urgent.map(({ id }) => id)).toEqual(P0.split(' '))
  })

  it('has a test for each of these', () => {
    const untested = rows.filter(({ priority, tests }) => priority === 'P0' && tests.length === 0)

    expect(untested.map(({ id }) => id)).toEqual([])
  })

  it.each(rows)('names tests of $id that are there', ({ tests }) => {
    for (const proof of tests) {
      const path = new URL(proof.file, ROOT)
      const titles = existsSync(path) ? titlesIn(readFileSync(path, 'utf8')) : new Set()
      const named = [proof.title, proof.group ?? proof.title]
      expect([proof, named.filter((title) => !titles.has(title))]).toEqual([proof, []])
      expect([proof, isTelling(proof)]).toEqual([proof, true])
    }
  })
})

describe('docs/security.md', () => {
  it('has the table that is made of the rows', () => {
    expect(doc).toBe(withTable(doc, toTable(rows)))
  })

  it('says of each requirement without a test that there is none', () => {
    for (const { id } of rows.filter(({ tests, note }) => tests.length + (note ?? '').length === 0))
      expect(doc).toMatch(new RegExp(`^\\| ${id} .*\\*no test\\* \\|$`, 'm'))
  })
})
