import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/problems.ts'
import { apiKeyCommand } from './api-key.ts'
import { configCommand } from './config.ts'
import { EXIT, type Io, UsageError } from './io.ts'
import { secretsCommand } from './secrets.ts'

/**
 * Runs one command line and returns the exit code: 0, 64 for a wrong call, 78 for a wrong
 * configuration. Anything else that is thrown is a defect and left to the caller.
 *
 * @param args - The arguments after the program's name.
 */
export async function runCli(args: readonly string[], version: string, io: Io): Promise<number> {
  const program = new Command('knoxgate')
    .description('Operate knoxgate: keys, secrets, configuration.')
    .version(version)
    .addCommand(apiKeyCommand(io))
    .addCommand(secretsCommand(io))
    .addCommand(configCommand(io))
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err })
      .showHelpAfterError('(--help lists commands and options)')
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return exitCode(error, io)
  }
}

/** Settings of a command are not handed down to commands that were made elsewhere. */
const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
]

function exitCode(error: unknown, { err }: Io): number {
  // Commander has said it already; asking for help or the version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage
  if (error instanceof UsageError) {
    err(`error: ${error.message}\n`)
    return EXIT.usage
  }
  if (error instanceof ConfigError) {
    err(`${error.message}\n`)
    return EXIT.config
  }
  throw error
}
