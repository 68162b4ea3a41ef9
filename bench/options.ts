import { parseArgs } from 'node:util'

/** Groups of rows that can be asked for by name, in the order in which they run. */
export const GROUPS = ['hot', 'wide', 'signing', 'start', 'size'] as const

export type Group = (typeof GROUPS)[number]

export interface Options {
  readonly groups: readonly Group[]
  /** Fewer and shorter rounds: an impression in under a minute, not a figure to quote. */
  readonly quick: boolean
  /** Directory for CPU profiles of the service; no profile when absent. */
  readonly profileDir?: string
}

const ALL = GROUPS.join(',')

export const USAGE = `usage: npm run bench -- [--quick] [--rows ${ALL}] [--profile <directory>]`

const isGroup = (name: string): name is Group => GROUPS.some((group) => group === name)

/** Reads the command line. @throws Error that says what is wrong with it */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const names = values.rows?.split(',') ?? GROUPS
  const unknown = names.find((name) => !isGroup(name))
  if (unknown !== undefined) throw new Error(`there are no rows called ${unknown}`)
  return {
    groups: GROUPS.filter((group) => names.includes(group)),
    quick: values.quick,
    ...(values.profile === undefined ? {} : { profileDir: values.profile }),
  }
}
