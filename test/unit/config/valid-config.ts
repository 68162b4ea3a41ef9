import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Config, Program } from '../../../src/config/config.ts'
import type { ConfigFiles, FileReading } from '../../../src/config/files.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { ConfigError, type Problem } from '../../../src/config/problems.ts'
import { parseKeys } from '../../../src/config/read-config.ts'
import type { ParseKeys } from '../../../src/config/secret-fields.ts'

/** A file as it lies on a disk; 0640 when only its text is given. */
type FileLike = string | { readonly text: string; readonly mode: number } | 'unreadable'

/** What differs from a valid configuration; `undefined` takes a variable or a file away. */
export interface Changes {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly programs?: unknown
  readonly portals?: unknown
  readonly files?: Readonly<Record<string, FileLike | undefined>>
}

/** Makes the text of a `keys.json` with a key pair of its own. */
export function newKeysJson(modulusLength = 2048): string {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return JSON.stringify({
    Public: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    Private: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    Identifier: 'd1c1d1c1-0000-4000-8000-000000000000',
  })
}

export const KEYS_JSON = newKeysJson()

export const DEFAULTS = {
  connect_session: { lifetime: '10m', complete_within: '4m', retention: '24h' },
  idempotency: { retention: '24h', claim: '30s' },
  upstream: { timeout: '5s', response_limit: '64kb', allowed_addresses: [] },
  proxy: {
    timeout: '30s',
    total_timeout: '30m',
    request_limit: '128mb',
    response_limit: '2048mb',
  },
  refresh: {
    lease: '12s',
    commit_budget: '5s',
    backoff_min: '500ms',
    backoff_max: '60s',
    poll: '100ms',
  },
  breaker: { threshold: 3, window: '60s', probe_interval: '2s' },
  knox_token: {
    default_min_ttl: '60s',
    margin: '30s',
    local_cache: '1s',
    rejected_interval: '60s',
  },
  store: {
    timeout: '1s',
    request_budget: '1800ms',
    tombstone: '30d',
    replicas: 0,
    replica_timeout: '500ms',
    require_durable: true,
    waive: [],
  },
  audit: { required: true, retention: '90d', max_entries: 1_000_000, hand_out_window: '10m' },
  http: {
    body_limit: '16kb',
    url_limit: '4kb',
    drain_timeout: '20s',
    page_limit: 100,
    trusted_proxies: [],
  },
  limits: {
    window: '10s',
    per_key: 10_000,
    per_connection: 5000,
    per_address: 20_000,
    pages_per_address: 3000,
    failed_authentication: 60,
    mints_per_connection: 60,
    concurrent_requests: 4000,
    concurrent_requests_per_portal: 2000,
    concurrent_requests_unproven: 1000,
  },
}

/** The smallest environment that passes in strict mode. */
export const ENV = {
  PUBLIC_URL: 'https://connect.example.com',
  REDIS_URL: 'rediss://:hunter-two-and-a-half@redis.internal:6379/0',
  VAULT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  API_KEY_PEPPER: randomBytes(32).toString('base64url'),
  ADMIN_TOKEN: randomBytes(32).toString('hex'),
  EMM_EU_CLIENT_IDENTIFIER: 'eyJhbGciOiJIUzUxMiJ9.e30.c2ln',
  EMM_EU_SA_SECRET: 'b4tt3ry-h0rse',
}

/** A program with its required fields only. */
export const program = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 'emm-eu',
  kind: 'samsung-account',
  region: 'eu',
  client_identifier: { env: 'EMM_EU_CLIENT_IDENTIFIER' },
  keys: { file: 'keys/emm-eu.json' },
  samsung_account: samsungAccount(),
  knox: knox(),
  ...changes,
})

export const samsungAccount = (changes: Readonly<Record<string, unknown>> = {}) => ({
  authorize_url: 'https://account.samsung.com/accounts/v1/ACME/signInGate',
  token_url: 'https://eu-auth2.samsungosp.com/auth/oauth2/token',
  client_id: 'acme0emm0eu',
  client_secret: { env: 'EMM_EU_SA_SECRET' },
  ...changes,
})

export const knox = (changes: Readonly<Record<string, unknown>> = {}) => ({
  base_url: 'https://eu-kcs-api.samsungknox.com',
  access_token_path: '/ams/v1/users/customer/accesstokenOAuth2',
  idp_token_claim: 'idpAccessToken',
  ...changes,
})

/** A portal with its required fields and one key. */
export const portal = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 'acme-console',
  name: 'Acme Console',
  return_urls: ['https://console.acme.example/knox/return'],
  programs: ['emm-eu'],
  api_keys: [apiKey()],
  ...changes,
})

export const apiKey = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 'key1',
  hash: 'h'.repeat(43),
  scopes: ['connect', 'tokens'],
  ...changes,
})

/** A program of a provider, with its required fields only. */
export const msp = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 'msp-eu',
  kind: 'knox-msp',
  region: 'eu',
  client_identifier: { env: 'EMM_EU_CLIENT_IDENTIFIER' },
  keys: { file: 'keys/emm-eu.json' },
  knox: {
    base_url: 'https://eu-kcs-api.samsungknox.com',
    access_token_path: '/ams/v1/users/accesstoken',
  },
  ...changes,
})

/** What is read of the Samsung Account of a program. */
export const accountOf = (read: Program | undefined) =>
  read?.kind === 'samsung-account' ? read.samsungAccount : undefined

/** Loads a valid configuration with changes. @throws ConfigError */
export function load({ env = {}, programs, portals, files = {} }: Changes = {}): Config {
  const disk = {
    '/packaged/default.json': JSON.stringify(DEFAULTS),
    'config/programs.json': JSON.stringify(programs ?? [program()]),
    'config/portals.json': JSON.stringify(portals ?? [portal()]),
    'config/keys/emm-eu.json': KEYS_JSON,
    ...files,
  }
  return loadConfig({ ...ENV, ...env }, inMemory(disk), {
    parseKeys: parseKeysOnce,
    packagedDefaults: '/packaged/default.json',
  })
}

/** The problems of a configuration; none when it is valid. */
export function problemsOf(changes: Changes): readonly Problem[] {
  try {
    load(changes)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** The places of the problems, as printed: source and field. */
export const placesOf = (changes: Changes): readonly string[] =>
  problemsOf(changes).map(({ source, field }) => (field ? `${source} ${field}` : source))

const parsed = new Map<string, ReturnType<ParseKeys>>()

/** The real parser; the key pair of every valid configuration is checked once, not a thousand times. */
const parseKeysOnce: ParseKeys = (text, options) => {
  const keys = (text === KEYS_JSON && parsed.get(text)) || parseKeys(text, options)
  if (text === KEYS_JSON) parsed.set(text, keys)
  return keys
}

function inMemory(disk: Readonly<Record<string, FileLike | undefined>>): ConfigFiles {
  return {
    read(path): FileReading {
      const file = disk[path]
      if (file === undefined) return 'missing'
      if (file === 'unreadable' || typeof file === 'object') return file
      return { text: file, mode: 0o640 }
    },
  }
}
