import { Command } from 'commander'
import type { Scope } from '../config/config.ts'
import { readApiKeyPepper } from '../config/read-config.ts'
import { isScope, SCOPES } from '../config/scopes.ts'
import { createApiKey } from '../portal/api-key.ts'
import { type Io, UsageError } from './io.ts'

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/

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

function checkId(option: string, id: string): void {
  if (!ID.test(id)) throw new UsageError(`${option} must be 1 to 63 of a-z, 0-9 and hyphen`)
}

function readScopes(text: string): readonly Scope[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))]
  const scopes = names.filter(isScope)
  if (scopes.length === names.length) return scopes
  throw new UsageError(`--scopes must be a list of ${SCOPES.join(', ')}`)
}
