import { Command } from 'commander'
import { readConfig } from '../config/read-config.ts'
import type { Io } from './io.ts'

/** `config check`: reads everything the service would read, and says whether it would start. */
export function configCommand({ env, out, clock, nodeVersion }: Io): Command {
  const command = new Command('config').description('configuration of the service')
  command
    .command('check')
    .description('check variables and files; names every problem, never a value')
    .action(() => {
      const runtime = nodeVersion === undefined ? undefined : { version: nodeVersion, now: clock() }
      const { programs, portals, warnings } = readConfig(env, runtime)
      for (const warning of warnings) out(`warning: ${warning}\n`)
      const counts = `${count(programs.length, 'program')}, ${count(portals.length, 'portal')}`
      out(`configuration is valid: ${counts}\n`)
    })
  return command
}

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`
