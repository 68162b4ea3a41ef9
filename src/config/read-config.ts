import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Secret } from '../shared/secret.ts'
import { KeyFileError, parseKeysJson } from '../signing/keys-json.ts'
import type { Config } from './config.ts'
import { diskFiles } from './disk-files.ts'
import type { Environment } from './files.ts'
import { loadConfig } from './load-config.ts'
import { loadSettings } from './load-settings.ts'
import { ConfigError, type Problem, type Report } from './problems.ts'
import { apiKeyPepper, CONFIG_DIR, MODE, redisUrl, vaultKeys } from './process-variables.ts'
import type { Runtime } from './runtime.ts'
import type { ParseKeys } from './secret-fields.ts'
import { createVariableReader, type VariableRule } from './variables.ts'

/** `src/config` and `dist/config` are equally deep, so this holds before and after the build. */
const PACKAGED_DEFAULTS = fileURLToPath(new URL('../../config/default.json', import.meta.url))

/**
 * Reads the configuration from variables and this machine's files. Relative paths in variables start
 * at the working directory.
 *
 * @param runtime - The Node that is to run the service; not looked at when absent.
 * @throws ConfigError with every problem at once.
 */
export function readConfig(env: Environment, runtime?: Runtime): Config {
  return loadConfig(env, diskFiles, { parseKeys, packagedDefaults: PACKAGED_DEFAULTS, runtime })
}

/**
 * Reads `API_KEY_PEPPER` alone, for making an API key where nothing else is configured yet.
 *
 * @throws ConfigError
 */
export const readApiKeyPepper = (env: Environment): Secret =>
  readAlone(env, 'API_KEY_PEPPER', apiKeyPepper)

/**
 * Reads `REDIS_URL` alone, for commands that only look at what is stored in clear.
 *
 * @throws ConfigError
 */
export const readRedisUrl = (env: Environment): Secret => readAlone(env, 'REDIS_URL', redisUrl)

function readAlone<T>(
  env: Environment,
  name: string,
  ruleOf: (strict: boolean) => VariableRule<T>,
): T {
  const problems: Problem[] = []
  const read = createVariableReader(env, diskFiles, (problem) => void problems.push(problem))
  const strict = read('KNOXGATE_MODE', MODE) !== 'development'
  const value = read(name, ruleOf(strict))
  if (value === undefined || problems.length > 0) throw new ConfigError(problems)
  return value
}

/** What a command needs that works on the stored records and serves nobody. */
export interface StoreConfig extends Pick<Config, 'redisUrl' | 'vaultKeys'> {
  readonly store: Config['settings']['store']
  readonly audit: Config['settings']['audit']
}

/**
 * Reads `REDIS_URL`, `VAULT_KEYS` and the settings, and nothing else. `memory:` is refused: there is nothing
 * in it.
 *
 * @throws ConfigError with every problem at once.
 */
export function readStoreConfig(env: Environment): StoreConfig {
  const problems: Problem[] = []
  const report: Report = (problem) => void problems.push(problem)
  const read = createVariableReader(env, diskFiles, report)
  const strict = read('KNOXGATE_MODE', MODE) !== 'development'
  const directory = read('CONFIG_DIR', CONFIG_DIR) ?? ''
  const redis = read('REDIS_URL', redisUrl(strict))
  if (redis?.reveal() === 'memory:') report({ source: 'REDIS_URL', rule: 'must not be memory:' })
  const keys = read('VAULT_KEYS', vaultKeys(strict))
  const own = { path: join(directory, 'default.json'), source: 'config/default.json', example: '' }
  const packaged = { ...own, path: PACKAGED_DEFAULTS, example: 'install again' }
  const settings = loadSettings(env, diskFiles, { packaged, own }, report)
  if (redis === undefined || keys === undefined || settings === undefined || problems.length > 0) {
    throw new ConfigError(problems)
  }
  const { store, audit } = settings
  return { redisUrl: redis, vaultKeys: keys, store, audit }
}

/** `parseKeysJson` with its refusals as values. */
export const parseKeys: ParseKeys = (text, options) => {
  try {
    return { keys: parseKeysJson(text, options) }
  } catch (error) {
    if (error instanceof KeyFileError) return { rule: error.rule }
    throw error
  }
}
