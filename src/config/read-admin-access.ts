import type { Secret } from '../shared/secret.ts'
import { diskFiles } from './disk-files.ts'
import type { Environment } from './files.ts'
import { ConfigError, type Problem } from './problems.ts'
import { adminToken, MODE } from './process-variables.ts'
import { createVariableReader, type VariableRule } from './variables.ts'

/** Where the admin listener of a running service is, and what opens it. */
export interface AdminAccess {
  /** An origin. */
  readonly url: string
  readonly token: Secret
}

/** `KNOXGATE_ADMIN_URL`: the admin listener, which speaks http and is kept inside. */
const ADMIN_URL: VariableRule<string> = {
  rule: 'must be the origin of an admin listener: http or https, host and port, no path',
  example: 'http://127.0.0.1:9090',
  fallback: 'http://127.0.0.1:9090',
  parse(text) {
    const url = /^https?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : null
    return url !== null && (url.origin === text || `${url.origin}/` === text)
      ? url.origin
      : undefined
  },
}

/** Reads what a command needs that talks to a running service. @throws ConfigError with every problem at once */
export function readAdminAccess(env: Environment): AdminAccess {
  const problems: Problem[] = []
  const read = createVariableReader(env, diskFiles, (problem) => void problems.push(problem))
  const strict = read('KNOXGATE_MODE', MODE) !== 'development'
  const url = read('KNOXGATE_ADMIN_URL', ADMIN_URL)
  const token = read('ADMIN_TOKEN', adminToken(strict))
  if (url === undefined || token === undefined || problems.length > 0)
    throw new ConfigError(problems)
  return { url, token }
}
