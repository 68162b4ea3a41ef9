import { Command } from 'commander'
import { readApiKeyPepper } from '../config/read-config.ts'
import { SCOPES } from '../config/scopes.ts'
import { createApiKey } from '../portal/api-key.ts'
import type { Io } from './io.ts'
import { checkId, readScopes } from './options.ts'

interface CreateOptions {
  readonly portal: string
  readonly id?: string
  readonly scopes: string
}

/** `api-key create`: prints a key, once, and the entry of `portals.json` that makes it known. */
export function apiKeyCommand(io: Io): Command {
  const command = new Command('api-key').description('API keys of portals')
  command
    .command('create')
    .description('make an API key; prints {"api_key", "entry"} as one JSON object, once')
    .requiredOption('--portal <id>', 'id of the portal in config/portals.json')
    .option('--id <key id>', 'id of the key; random when absent')
    .option('--scopes <list>', 'scopes, separated by commas', SCOPES.join(','))
    .addHelpText('after', '\nNeeds API_KEY_PEPPER (or API_KEY_PEPPER_FILE) and nothing else.')
    .action((options: CreateOptions) => create(options, io))
  return command
}

function create({ portal, id, scopes }: CreateOptions, { env, out }: Io): void {
  checkId('--portal', portal)
  if (id !== undefined) checkId('--id', id)
  const wanted = { scopes: readScopes(scopes), ...(id === undefined ? {} : { id }) }
  const { apiKey, entry } = createApiKey(readApiKeyPepper(env), wanted)
  out(`${JSON.stringify({ api_key: apiKey.reveal(), entry })}\n`)
}
