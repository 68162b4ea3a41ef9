import { describe, expect, it } from '@jest/globals'
import type { Scenario } from '../../../chaos/scenario.ts'
import { SCENARIOS } from '../../../chaos/scenarios.ts'
import { list, readOptions, UsageError, usage } from '../../../chaos/support/options.ts'

const run = async () => {}
const plain: Scenario = { name: 'plain', summary: 'does one thing', takes: '1 min', run }
const timed: Scenario = {
  name: 'timed',
  summary: 'does another thing',
  takes: 'as long as given',
  argument: { name: 'duration', default: '10m' },
  run,
}
const KNOWN = [plain, timed]

/** The names and arguments of what would run. */
function planned(...args: readonly string[]) {
  const options = readOptions(args, KNOWN)
  if (options.kind !== 'run') throw new Error(`not to be run: ${options.kind}`)
  return options.planned.map(({ scenario, argument }) => [scenario.name, argument])
}

describe('the command line', () => {
  it('runs everything with its defaults when nothing is named', () => {
    expect(planned()).toEqual([
      ['plain', ''],
      ['timed', '10m'],
    ])
  })

  it('runs what is named, in that order and as often as it is', () => {
    expect(planned('--timed', '--plain', '--timed')).toEqual([
      ['timed', '10m'],
      ['plain', ''],
      ['timed', '10m'],
    ])
  })

  it.each([
    ['after a space', ['--timed', '5s', '--plain']],
    ['after an equals sign', ['--timed=5s', '--plain']],
  ])('takes an argument %s', (_, args) => {
    expect(planned(...args)).toEqual([
      ['timed', '5s'],
      ['plain', ''],
    ])
  })

  it.each([
    ['an option that nobody knows', ['--nothing'], /unknown option --nothing/],
    ['a word that belongs to no option', ['plain'], /unknown option plain/],
    ['an argument for what takes none', ['--plain', '5s'], /--plain takes no argument/],
    ['an argument for what takes none, attached', ['--plain=5s'], /--plain takes no argument/],
    ['a second argument', ['--timed', '5s', '6s'], /unknown option 6s/],
  ])('refuses %s, and names it', (_, args, message) => {
    expect(() => readOptions(args, KNOWN)).toThrow(UsageError)
    expect(() => readOptions(args, KNOWN)).toThrow(message)
  })

  it.each([
    ['--help', 'help'],
    ['-h', 'help'],
    ['--list', 'list'],
  ])('only tells with %s, whatever else is asked for', (option, kind) => {
    expect(readOptions(['--plain', option], KNOWN).kind).toBe(kind)
  })
})

it('lists what each drill does, takes and lasts, in lines that fit a terminal', () => {
  const text = list(SCENARIOS)

  for (const { name, takes } of SCENARIOS) {
    expect(text).toContain(`--${name}`)
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`Takes ${takes}`)
  }
  for (const line of `${text}\n${usage(SCENARIOS)}`.split('\n'))
    expect(line.length).toBeLessThanOrEqual(100)
})

it('knows every drill by a name of its own', () => {
  const names = SCENARIOS.map(({ name }) => name)

  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z][a-z-]*$/)
})
