import { fileURLToPath } from 'node:url'
import type { Secret } from '../shared/secret.ts'
import { KeyFileError, parseKeysJson } from '../signing/keys-json.ts'
import type { Config } from './config.ts'
import { diskFiles } from './disk-files.ts'
import type { Environment } from './files.ts'
import { loadConfig } from './load-config.ts'
import { ConfigError, type Problem } from './problems.ts'
import { apiKeyPepper, MODE } from './process-variables.ts'
import type { ParseKeys } from './secret-fields.ts'
import { createVariableReader } from './variables.ts'

/** `src/config` and `dist/config` are equally deep, so this holds before and after the build. */
const PACKAGED_DEFAULTS = fileURLToPath(new URL('../../config/default.json', import.meta.url))

/**
 * Reads the configuration from variables and this machine's files. Relative paths in variables start
 * at the working directory.
 *
 * @throws ConfigError with every problem at once.
 */
export function readConfig(env: Environment): Config {
  return loadConfig(env, diskFiles, { parseKeys, packagedDefaults: PACKAGED_DEFAULTS })
}

/**
 * Reads `API_KEY_PEPPER` alone, for making an API key where nothing else is configured yet.
 *
 * @throws ConfigError
 */
export function readApiKeyPepper(env: Environment): Secret {
  const problems: Problem[] = []
  const read = createVariableReader(env, diskFiles, (problem) => void problems.push(problem))
  const strict = read('KNOXGATE_MODE', MODE) !== 'development'
  const pepper = read('API_KEY_PEPPER', apiKeyPepper(strict))
  if (pepper === undefined || problems.length > 0) throw new ConfigError(problems)
  return pepper
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
