import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Problem } from '../../../src/config/problems.ts'
import { checkRuntime, tooOldToRun } from '../../../src/config/runtime.ts'

const BEFORE = Date.parse('2026-11-20')

/** What is said of a Node: problems keep the service from starting, warnings do not. */
function judged(version: string, { strict = true, now = BEFORE } = {}) {
  const problems: Problem[] = []
  const warnings: string[] = []
  const report = (problem: Problem) => void problems.push(problem)
  const warn = (warning: string) => void warnings.push(warning)
  checkRuntime({ version, now }, { strict, report, warn })
  return { problems, warnings }
}

describe('a Node that cannot run the service', () => {
  it.each(['0.12.18', '18.20.8', '20.20.2', '21.7.3', '22.0.0', '22.18.9', '', 'x'])(
    'is refused in every mode: %j',
    (version) => {
      for (const strict of [true, false])
        expect(judged(version, { strict })).toEqual({
          problems: [{ source: 'Node', rule: tooOldToRun(version) }],
          warnings: [],
        })
      expect(tooOldToRun(version)).toBe(
        `must be 22.19 or later, and this is Node ${version}: install Node 24 LTS from https://nodejs.org/en/download`,
      )
    },
  )

  it.each(['22.19.0', '22.20.1', '22.100.0', '23.0.0', '24.0.0', '100.0.0', '24.21.0-rc.1'])(
    'is none that is recent enough: %s',
    (version) => {
      expect(tooOldToRun(version)).toBeNull()
    },
  )

  it('is one that package.json does not have among its engines', () => {
    const root = join(import.meta.dirname, '../../..')
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly engines: { readonly node: string }
    }

    expect(engines.node).toBe('>=22.19')
  })
})

describe('a Node whose line has ended', () => {
  it.each(['23.0.0', '23.11.1', '25.9.0'])(
    'is refused, or in development warned of: %s',
    (version) => {
      const rule = expect.stringMatching(
        /^must not be .+ gets no security fixes; install Node 24 LTS/,
      )

      expect(judged(version)).toEqual({ problems: [{ source: 'Node', rule }], warnings: [] })
      expect(judged(version, { strict: false })).toEqual({
        problems: [],
        warnings: [expect.stringContaining(`Node must not be ${version}`)],
      })
    },
  )

  it.each([
    ['22.19.0', '2027-04-30'],
    ['24.21.0', '2028-04-30'],
  ])('%s, since it was released with this service, is warned of from %s on', (version, end) => {
    const at = Date.parse(end)

    expect(judged(version, { now: at - 1 })).toEqual({ problems: [], warnings: [] })
    expect(judged(version, { now: at })).toEqual({
      problems: [],
      warnings: [
        `Node ${version} gets no security fixes since ${end}: install a newer line of Node`,
      ],
    })
  })
})

it.each(['24.21.0', '26.0.0', '27.0.0'])('nothing is said of Node %s', (version) => {
  expect(judged(version)).toEqual({ problems: [], warnings: [] })
})
