import type { Scenario } from '../scenario.ts'

/** A scenario that was asked for, and what it is given. */
export interface Planned {
  readonly scenario: Scenario
  readonly argument: string
}

export type Options =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'run'; readonly planned: readonly Planned[] }

/** A command line that cannot be followed; the message says which part of it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const TELLING: Readonly<Record<string, Options>> = {
  '--help': { kind: 'help' },
  '-h': { kind: 'help' },
  '--list': { kind: 'list' },
}

/**
 * Reads the command line: options that name scenarios, in the order in which they run, each followed
 * by its argument or not. No option asks for all of them with their defaults.
 *
 * @throws UsageError
 */
export function readOptions(args: readonly string[], scenarios: readonly Scenario[]): Options {
  const telling = args.map((arg) => TELLING[arg]).find((kind) => kind !== undefined)
  if (telling !== undefined) return telling
  if (args.length === 0) return { kind: 'run', planned: scenarios.map((one) => plan(one)) }
  const planned: Planned[] = []
  for (let rest = args; rest.length > 0; ) {
    const [option = '', following] = rest
    const [name, attached] = split(option)
    const scenario = scenarios.find((one) => one.name === name)
    if (scenario === undefined) throw new UsageError(`unknown option ${option}`)
    const isGiven = attached === undefined && following?.startsWith('-') === false
    planned.push(plan(scenario, isGiven ? following : attached))
    rest = rest.slice(isGiven ? 2 : 1)
  }
  return { kind: 'run', planned }
}

/** `--soak=10m` into its name and what is attached to it. */
function split(option: string): readonly [name: string | undefined, attached: string | undefined] {
  const [, name, attached] = /^--([a-z][a-z-]*)(?:=(.+))?$/.exec(option) ?? []
  return [name, attached]
}

function plan(scenario: Scenario, given?: string): Planned {
  if (given !== undefined && scenario.argument === undefined)
    throw new UsageError(`--${scenario.name} takes no argument, and was given ${given}`)
  return { scenario, argument: given ?? scenario.argument?.default ?? '' }
}

/** What `--help` prints. */
export const usage = (scenarios: readonly Scenario[]): string => `\
usage: npm run chaos -- [options]

  --list                what each drill does, what it takes, and how long
  --help                this text
${scenarios.map((one) => `  ${optionOf(one)}`).join('\n')}

Several drills may be named and run in that order; without any, all run with their defaults.
The exit code is 0 when everything held, 1 when something did not, 64 for a wrong command line.`

/** What `--list` prints. */
export const list = (scenarios: readonly Scenario[]): string =>
  scenarios
    .map((one) => {
      const { argument } = one
      const given = argument === undefined ? '' : `; ${argument.name}: ${argument.default || 'all'}`
      return [optionOf(one), ...indented(`${one.summary}. Takes ${one.takes}${given}`)].join('\n')
    })
    .join('\n\n')

const LINE = 96

/** Lines of whole words. */
function indented(text: string): readonly string[] {
  const lines = [' ']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length > LINE) lines.push(`  ${word}`)
    else lines[lines.length - 1] = line
  }
  return lines
}

const optionOf = ({ name, argument }: Scenario): string =>
  argument === undefined ? `--${name}` : `--${name} [${argument.name}]`
