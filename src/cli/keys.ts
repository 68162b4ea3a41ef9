import { Command } from 'commander'
import { diskFiles } from '../config/disk-files.ts'
import { createKeysReader } from '../config/keys-reader.ts'
import { parseKeys } from '../config/read-config.ts'
import { CommandFailed, type Io } from './io.ts'

/** `keys check`: reads a `keys.json` as the service would. */
export function keysCommand(io: Io): Command {
  const command = new Command('keys').description('key pairs from the Knox API portal')
  command
    .command('check')
    .description('check a keys.json as SIGHUP would; prints its thumbprint and size, and no key')
    .argument('<file>', 'path of the keys.json')
    .option('--allow-legacy-rsa', 'accept RSA keys of 1024 to 2047 bits')
    .addHelpText('after', '\nWith KNOXGATE_MODE=development the permissions are not looked at.')
    .action((file: string, options: Options) => check(file, options, io))
  return command
}

interface Options {
  readonly allowLegacyRsa?: boolean
}

function check(file: string, { allowLegacyRsa = false }: Options, { env, out, err }: Io): void {
  const read = createKeysReader(diskFiles, parseKeys, env.KNOXGATE_MODE !== 'development')
  const found = read(file, { allowLegacyRsa }, [])
  if ('rule' in found) {
    err(`error: ${found.rule}\n`)
    throw new CommandFailed()
  }
  const { thumbprint, modulusBits } = found.keys
  out(`${JSON.stringify({ thumbprint, modulus_bits: modulusBits })}\n`)
}
