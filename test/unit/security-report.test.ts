import { describe, expect, it } from '@jest/globals'
import { judge, problemsOf, unproven } from '../../scripts/security-report/judge.ts'
import { outcomeOf, type TestResult } from '../../scripts/security-report/results.ts'
import type { Row } from '../../scripts/security-report/rows.ts'
import { toTable, withTable } from '../../scripts/security-report/table.ts'
import { isTelling, patternOf, titlesIn } from '../../scripts/security-report/titles.ts'

const FILE = 'test/unit/x.test.ts'
const ran = (title: string, status = 'passed', group = 'a group'): TestResult => ({
  title,
  status,
  ancestorTitles: ['outermost', group],
})
const results = (...tests: readonly TestResult[]) => new Map([[FILE, tests]])
const row = (changes: Partial<Row>): Row => ({
  id: 'XX-01',
  priority: 'P0',
  requirement: 'holds',
  sources: [],
  tests: [{ file: FILE, title: 'holds' }],
  ...changes,
})

describe('titles of a source', () => {
  it.each([
    ["it('plain', () => {})", 'plain'],
    ['it("with \'quotes\'", async () => {})', "with 'quotes'"],
    ["it('with \\'more\\'', async () => {})", "with 'more'"],
    ["it.each([1, 2])('of %i', (n) => {})", 'of %i'],
    ["it.each(\n  rows,\n)(\n  'broken up',\n  () => {})", 'broken up'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    ['it(`is ${made} up`, () => {})', 'is ${made} up'],
    ["describe('a group', () => {})", 'a group'],
  ])('are found in %j', (source, title) => {
    expect([...titlesIn(source)]).toContain(title)
  })

  it('are no other texts', () => {
    expect([...titlesIn("const x = ['a', 'b']; expect(text).toBe('c')")]).toEqual([])
  })
})

describe('what a title becomes in a run', () => {
  it.each([
    ['is plain', 'is plain'],
    ['of %s and %i', 'of one and 2'],
    ['of $target $id', 'of portal acme'],
    ['100 %% of %j', '100 % of {"a":1}'],
    ['has (every) sign. of+a*pattern', 'has (every) sign. of+a*pattern'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    ['is ${made} up', 'is all\nmade up'],
  ])('is known of %j: %j', (title, run) => {
    expect(run).toMatch(patternOf(title))
  })

  it.each([
    ['is plain', 'is plain, more or less'],
    ['is plain', 'it is plain'],
    ['of %s and', 'of one or'],
    ['has a.sign', 'has a sign'],
  ])('is not taken for %j: %j', (title, run) => {
    expect(run).not.toMatch(patternOf(title))
  })

  it('says nothing where a title is all placeholders, unless its group does', () => {
    expect(isTelling({ file: FILE, title: '%s: %i' })).toBe(false)
    expect(isTelling({ file: FILE, title: '%s: %i', group: 'a refusal' })).toBe(true)
    expect(isTelling({ file: FILE, title: 'is %s' })).toBe(true)
  })
})

describe('a test that is named', () => {
  it.each([
    ['passed', [ran('of one'), ran('of two')]],
    ['failed', [ran('of one'), ran('of two', 'failed')]],
    ['skipped', [ran('of one'), ran('of two', 'pending')]],
    ['skipped', [ran('of one', 'todo')]],
    ['missing', [ran('for one')]],
    ['missing', []],
  ] as const)('has %s when that is what became of it: %j', (outcome, tests) => {
    expect(outcomeOf({ file: FILE, title: 'of %s' }, results(...tests))).toBe(outcome)
  })

  it('is looked for in its file and its group only', () => {
    const proof = { file: FILE, title: 'of %s', group: 'a group' }

    expect(outcomeOf(proof, results(ran('of one', 'passed', 'another group')))).toBe('missing')
    expect(outcomeOf({ ...proof, file: 'y' }, results(ran('of one')))).toBe('missing')
  })
})

describe('the report', () => {
  it('has nothing against a requirement that a passing test holds', () => {
    const verdicts = judge([row({})], results(ran('holds')))

    expect([problemsOf(verdicts), unproven(verdicts, 'P0')]).toEqual([[], []])
  })

  it('is bad for a P0 requirement that nothing proves, and lists one of P1', () => {
    const none = [row({ tests: [] }), row({ id: 'XX-02', priority: 'P1', tests: [] })]
    const verdicts = judge(none, results())

    expect(problemsOf(verdicts)).toEqual(['XX-01: no passing test'])
    expect(unproven(verdicts, 'P1').map(({ id }) => id)).toEqual(['XX-02'])
  })

  it.each(['P0', 'P1', 'P2'] as const)('is bad for a test of %s that is gone', (priority) => {
    const gone = { file: FILE, title: 'is gone' }
    const verdicts = judge(
      [row({ priority, tests: [{ file: FILE, title: 'holds' }, gone] })],
      results(ran('holds')),
    )

    expect(problemsOf(verdicts)).toEqual([`XX-01: missing: ${FILE}: is gone`])
  })
})

describe('the table', () => {
  it('has a row with every test, whatever its title looks like', () => {
    const tests = [
      { file: FILE, title: 'of $one | <two> *three*', group: 'a' },
      { file: FILE, title: 'holds' },
    ]

    expect(toTable([row({ sources: ['RFC 1'], tests })]).split('\n')[2]).toBe(
      '| XX-01 | P0 | holds (RFC 1) | `unit/x`: a: of \\$one \\| \\<two\\> \\*three\\* · holds |',
    )
    expect(toTable([row({ tests: [] })])).toContain('| *no test* |')
    expect(toTable([row({ tests: [], note: 'not yet' })])).toContain('| *not yet* |')
  })

  it('is put between its markers, and nowhere else', () => {
    const doc = 'a\n<!-- security:report -->\nold\n<!-- /security:report -->\nb\n'
    const written = withTable(doc, 'new')

    expect(written).toBe('a\n<!-- security:report -->\n\nnew\n\n<!-- /security:report -->\nb\n')
    expect(withTable(written, 'new')).toBe(written)
    expect(() => withTable('no marker', 'new')).toThrow('security:report')
  })
})
