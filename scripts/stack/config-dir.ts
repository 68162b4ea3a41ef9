import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../../src/config/config.ts'
import { createApiKey } from '../../src/portal/api-key.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { ACCESS_TOKEN_PATH, endpointUrls } from '../../src/sandbox/urls.ts'
import { Secret } from '../../src/shared/secret.ts'
import { atExit } from './child.ts'

/** One portal of a local stack, and the key it calls with. */
export interface StackPortal {
  readonly id: string
  readonly name: string
  readonly returnUrl: string
  readonly reconnectUrl?: string
  readonly scopes?: readonly Scope[]
}

export interface ConfigDirOptions {
  readonly sandbox: Sandbox
  readonly portals: readonly StackPortal[]
  readonly pepper: string
  readonly programId: string
  /** More programs that are like the first but for their ids. */
  readonly likewise?: readonly string[]
  /** Merged into the program. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Merged into the program's `knox`. */
  readonly knox?: Readonly<Record<string, unknown>>
  /** Merged into the program's `samsung_account`. */
  readonly samsungAccount?: Readonly<Record<string, unknown>>
}

export interface ConfigDir {
  readonly path: string
  /** API key by portal id. */
  readonly apiKeys: ReadonlyMap<string, string>
  /** Variables that the files refer to. */
  readonly env: Readonly<Record<string, string>>
  remove(): void
}

const ALL_SCOPES: readonly Scope[] = [
  'connect',
  'connections:read',
  'connections:write',
  'tokens',
  'proxy',
]

/** Writes a configuration that connects a service to a sandbox, into a directory of its own. */
export function writeConfigDir(options: ConfigDirOptions): ConfigDir {
  const path = mkdtempSync(join(tmpdir(), 'knoxgate-config-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  const cancel = atExit(remove)
  const { sandbox, portals, programId } = options
  const { client, knox } = sandbox.registration
  const urls = endpointUrls(sandbox)
  mkdirSync(join(path, 'keys'))
  writeFileSync(join(path, 'keys', 'sandbox.json'), JSON.stringify(knox.keys), { mode: 0o600 })
  const program = {
    id: programId,
    kind: 'samsung-account',
    region: 'eu',
    client_identifier: { env: 'STACK_CLIENT_IDENTIFIER' },
    keys: { file: 'keys/sandbox.json' },
    samsung_account: {
      authorize_url: urls.signInGate,
      token_url: urls.token,
      client_id: client.clientId,
      client_secret: { env: 'STACK_CLIENT_SECRET' },
      response_type: 'CODE',
      partner_id: knox.partnerId,
      ...options.samsungAccount,
    },
    knox: {
      base_url: sandbox.url,
      access_token_path: ACCESS_TOKEN_PATH,
      idp_token_claim: knox.idpTokenClaim,
      validity_minutes: 30,
      ...options.knox,
    },
    ...options.fields,
  }
  const programs = [program, ...(options.likewise ?? []).map((id) => ({ ...program, id }))]
  const apiKeys = new Map<string, string>()
  const entries = portals.map(({ id, name, returnUrl, reconnectUrl, scopes = ALL_SCOPES }) => {
    const made = createApiKey(new Secret(options.pepper), { scopes })
    apiKeys.set(id, made.apiKey.reveal())
    const reconnect = reconnectUrl === undefined ? {} : { reconnect_url: reconnectUrl }
    return {
      id,
      name,
      return_urls: [returnUrl],
      ...reconnect,
      programs: programs.map(({ id }) => id),
      api_keys: [made.entry],
    }
  })
  writeFileSync(join(path, 'programs.json'), JSON.stringify(programs, null, 2))
  writeFileSync(join(path, 'portals.json'), JSON.stringify(entries, null, 2))
  return {
    path,
    apiKeys,
    env: {
      STACK_CLIENT_IDENTIFIER: knox.clientIdentifier,
      STACK_CLIENT_SECRET: client.clientSecret,
    },
    remove() {
      cancel()
      remove()
    },
  }
}
