import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/problems.ts'
import { ServiceError } from '../shared/errors.ts'
import { apiKeyCommand } from './api-key.ts'
import { auditCommand } from './audit.ts'
import { configCommand } from './config.ts'
import { freezeCommands } from './freeze.ts'
import { CommandFailed, EXIT, type Io, UsageError } from './io.ts'
import { keysCommand } from './keys.ts'
import { portalKeyCommand } from './portal-key.ts'
import { secretsCommand } from './secrets.ts'
import { vaultCommand } from './vault.ts'

/**
 * Runs one command line and returns the exit code: 0, 1 when what was looked at is not as it should be,
 * 64 for a wrong call, 69 when the store is away, 78 for a wrong configuration. Anything else that is
 * thrown is a defect and left to the caller.
 *
 * @param args - The arguments after the program's name.
 */
export async function runCli(args: readonly string[], version: string, io: Io): Promise<number> {
  const program = new Command('knoxgate')
    .description('Operate knoxgate: keys, secrets, configuration.')
    .version(version)
    .addCommand(apiKeyCommand(io))
    .addCommand(portalKeyCommand(io))
    .addCommand(secretsCommand(io))
    .addCommand(keysCommand(io))
    .addCommand(configCommand(io))
    .addCommand(vaultCommand(io))
    .addCommand(auditCommand(io))
  for (const command of freezeCommands(io)) program.addCommand(command)
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
  if (error instanceof CommandFailed) return EXIT.failed
  if (error instanceof ServiceError && error.code.startsWith('store_')) {
    err(`error: ${error.message}\n`)
    return EXIT.unavailable
  }
  throw error
}
