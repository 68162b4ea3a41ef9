import { isIP } from 'node:net'
import { Secret } from '../shared/secret.ts'
import type { Config } from './config.ts'
import { isPlaceholder } from './placeholder.ts'
import { isRedisUrl } from './redis-url.ts'
import { parseCount } from './units.ts'
import { isOrigin, originRule } from './urls.ts'
import type { ReadVariable, VariableRule } from './variables.ts'
import { parseVaultKeys } from './vault-keys.ts'

const MAKE = 'the output of npm run --silent knoxgate -- secrets create'

/** `KNOXGATE_MODE`: what the process may get away with. */
export const MODE: VariableRule<Config['mode']> = {
  rule: 'must be strict or development',
  example: 'strict',
  fallback: 'strict',
  parse: (text) => oneOf(['strict', 'development'], text),
}

/** `CONFIG_DIR`: where programs.json, portals.json and default.json are. */
export const CONFIG_DIR: VariableRule<string> = {
  rule: 'must be a directory',
  example: '/etc/knoxgate',
  fallback: 'config',
  parse: (text) => text,
}

/** `PUBLIC_URL`: the origin that browsers and Samsung see. */
const publicUrl = (strict: boolean): VariableRule<string> => ({
  rule: originRule(strict),
  example: 'https://connect.example.com',
  parse: (text) => (isOrigin(text, strict) ? new URL(text).origin : undefined),
})

/** `HOST`: the address that both listeners bind. */
const HOST: VariableRule<string> = {
  rule: 'must be an IP address or a host name',
  example: '0.0.0.0',
  fallback: '127.0.0.1',
  parse: (text) => (isIP(text) > 0 || /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(text) ? text : undefined),
}

/** `PORT` and `ADMIN_PORT`. */
const port = (fallback: string): VariableRule<number> => ({
  rule: 'must be a port from 1 to 65535, or 0 for any free one',
  example: fallback,
  fallback,
  parse: (text) => {
    const number = parseCount(text)
    return number !== undefined && number <= 65_535 ? number : undefined
  },
})

/** `REDIS_URL`: the store; no default, because a wrong one loses connections. */
export const redisUrl = (strict: boolean): VariableRule<Secret> => ({
  rule: `must be redis:// or rediss:// with a host, redis+sentinel://host:port,…/name or redis+cluster://host:port,… (${
    strict ? 'no placeholder password; memory: in development only' : 'or memory:'
  })`,
  example: 'rediss://redis.internal:6379/0',
  parse: (text) => (isRedisUrl(text, strict) ? new Secret(text) : undefined),
})

/** `VAULT_KEYS`: the ring of key-encryption keys. */
export const vaultKeys = (strict: boolean): VariableRule<Config['vaultKeys']> => ({
  rule: 'must be kid:base64[,kid:base64]: 32 random bytes each, no kid twice, no placeholder',
  example: MAKE,
  parse: (text) => parseVaultKeys(text, strict),
})

/** `API_KEY_PEPPER`: its UTF-8 bytes are the HMAC key over portal API keys. */
export const apiKeyPepper = (strict: boolean): VariableRule<Secret> => ({
  rule: 'must be at least 32 random characters, not a placeholder',
  example: MAKE,
  parse: (text) => longSecret(text, strict),
})

/** `ADMIN_TOKEN`: the bearer token of the admin listener. */
export const adminToken = (strict: boolean): VariableRule<Secret> => ({
  rule: 'must be at least 32 random characters, printable ASCII without spaces, not a placeholder',
  example: MAKE,
  parse: (text) => (/^[\x21-\x7e]+$/.test(text) ? longSecret(text, strict) : undefined),
})

/** `ADMIN_READ_TOKEN`: the same, for reading only; there may be none. */
const adminReadToken = (strict: boolean): VariableRule<Secret | null> => ({
  ...adminToken(strict),
  fallback: '',
  parse: (text) => (text === '' ? null : adminToken(strict).parse(text)),
})

/** `LOG_LEVEL`. */
const LOG_LEVEL: VariableRule<Config['logLevel']> = {
  rule: 'must be debug, info, warn, error or silent',
  example: 'info',
  fallback: 'info',
  parse: (text) => oneOf(['debug', 'info', 'warn', 'error', 'silent'], text),
}

const longSecret = (text: string, strict: boolean): Secret | undefined =>
  text.length < 32 || (strict && isPlaceholder(text)) ? undefined : new Secret(text)

const oneOf = <T extends string>(choices: readonly T[], text: string): T | undefined =>
  choices.find((choice) => choice === text)

/** What the variables of the process say; a member is `undefined` when its problem was reported. */
export function readProcessVariables(read: ReadVariable, strict: boolean) {
  return {
    publicUrl: read('PUBLIC_URL', publicUrl(strict)),
    host: read('HOST', HOST),
    port: read('PORT', port('8080')),
    adminPort: read('ADMIN_PORT', port('9090')),
    redisUrl: read('REDIS_URL', redisUrl(strict)),
    vaultKeys: read('VAULT_KEYS', vaultKeys(strict)),
    apiKeyPepper: read('API_KEY_PEPPER', apiKeyPepper(strict)),
    adminToken: read('ADMIN_TOKEN', adminToken(strict)),
    adminReadToken: read('ADMIN_READ_TOKEN', adminReadToken(strict)),
    logLevel: read('LOG_LEVEL', LOG_LEVEL),
  }
}
