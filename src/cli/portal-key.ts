import { Command } from 'commander'
import { SCOPES } from '../config/scopes.ts'
import { ADMIN_HELP, createAdminCall } from './admin-client.ts'
import { type Io, UsageError } from './io.ts'
import { checkId, readList, readScopes, readSeconds } from './options.ts'
import { readPublicKeyFile } from './public-key-file.ts'

/** A key that the portal has made itself, to sign assertions with. */
interface PublicKeyOptions {
  readonly publicKey?: string
  readonly alg?: string
}

interface CreateOptions extends PublicKeyOptions {
  readonly portal: string
  readonly scopes: string
  readonly name?: string
  readonly programs?: string
  readonly cidrs?: string
  readonly expiresIn?: string
}

interface KeyOptions {
  readonly portal: string
  readonly key: string
}

/** `portal-key …`: the keys of portals, made and ended while the service runs. */
export function portalKeyCommand(io: Io): Command {
  const command = new Command('portal-key').description('keys of portals in a running service')
  const print = (answer: unknown) => io.out(`${JSON.stringify(answer)}\n`)
  const subcommand = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .requiredOption('--portal <id>', 'id of the portal')
      .addHelpText('after', ADMIN_HELP)

  subcommand(
    'create',
    'make a key; prints {"api_key", "key"} as one JSON object, once; without "api_key" for a public key',
  )
    .option('--scopes <list>', 'scopes, separated by commas', SCOPES.join(','))
    .option('--public-key <file>', PUBLIC_KEY)
    .option('--alg <name>', ALG)
    .option('--name <text>', 'what it is for')
    .option('--programs <list>', 'the only programs it opens')
    .option('--cidrs <list>', 'the networks it may come from')
    .option('--expires-in <duration>', 'its life, such as 90d; for good when absent')
    .action(async (options: CreateOptions) => {
      const path = keysOf(options)
      print(await createAdminCall(io)('POST', path, wishOf(options)))
    })

  subcommand('list', 'list the keys of a portal, without the keys').action(
    async (options: Pick<KeyOptions, 'portal'>) => {
      const path = keysOf(options)
      print(await createAdminCall(io)('GET', path))
    },
  )

  subcommand('rotate', 'make a key with the same rights, and end the old one later')
    .requiredOption('--key <id>', 'id of the old key')
    .option('--overlap <duration>', 'how long the old one goes on', '24h')
    .option('--public-key <file>', PUBLIC_KEY)
    .option('--alg <name>', ALG)
    .action(async (options: KeyOptions & PublicKeyOptions & { readonly overlap: string }) => {
      const path = `${keyOf(options)}/rotate`
      const overlap = readSeconds('--overlap', options.overlap)
      const body = { overlap_seconds: overlap, ...publicKeyIn(options) }
      print(await createAdminCall(io)('POST', path, body))
    })

  subcommand('expire', 'end a key after a time')
    .requiredOption('--key <id>', 'id of the key')
    .requiredOption('--after <duration>', 'when, from now, such as 1h; 0 for at once')
    .action(async (options: KeyOptions & { readonly after: string }) => {
      const path = `${keyOf(options)}/expire`
      const body = { after_seconds: readSeconds('--after', options.after) }
      print(await createAdminCall(io)('POST', path, body))
    })

  subcommand('revoke', 'end a key at once and for good, also one of config/portals.json')
    .requiredOption('--key <id>', 'id of the key')
    .action(async (options: KeyOptions) => {
      const path = keyOf(options)
      await createAdminCall(io)('DELETE', path)
      print({ revoked: options.key })
    })

  return command
}

const PUBLIC_KEY = 'public key (JWK or PEM) that signs assertions, instead of a new API key'
const ALG = 'its algorithm, such as PS256, for an RSA key whose file does not name it'

function publicKeyIn({ publicKey, alg }: PublicKeyOptions) {
  if (publicKey !== undefined) return { public_key: readPublicKeyFile(publicKey, alg) }
  if (alg !== undefined) throw new UsageError('--alg is of no use without --public-key')
  return {}
}

const keysOf = ({ portal }: { readonly portal: string }): string =>
  `/admin/v1/portals/${checkId('--portal', portal)}/keys`

const keyOf = (options: KeyOptions): string => `${keysOf(options)}/${checkId('--key', options.key)}`

function wishOf(options: CreateOptions) {
  const { scopes, name, programs, cidrs, expiresIn } = options
  return {
    scopes: readScopes(scopes),
    ...publicKeyIn(options),
    ...(name === undefined ? {} : { name }),
    ...(programs === undefined ? {} : { programs: readList(programs) }),
    ...(cidrs === undefined ? {} : { cidrs: readList(cidrs) }),
    ...(expiresIn === undefined
      ? {}
      : { expires_in_seconds: readSeconds('--expires-in', expiresIn) }),
  }
}
