import { type AdminAccess, readAdminAccess } from '../config/read-admin-access.ts'
import { CommandFailed, type Io } from './io.ts'

/** One call of the admin API; gives its JSON, or null when there is none. */
export type AdminCall = (method: string, path: string, body?: object) => Promise<unknown>

/** What `--help` says of every command that uses it. */
export const ADMIN_HELP =
  '\nTalks to a running service: needs KNOXGATE_ADMIN_URL (http://127.0.0.1:9090 when not set) and ADMIN_TOKEN.'

/** A call to a process in the neighbourhood takes no longer. */
const TIMEOUT_MS = 10_000

/**
 * Creates the caller of a running service's admin API, by `KNOXGATE_ADMIN_URL` and `ADMIN_TOKEN`: what it
 * does needs none of the service's own secrets, and acts in all its processes.
 *
 * A refusal is told on standard error and thrown as `CommandFailed`. @throws ConfigError
 */
export function createAdminCall({ env, err }: Pick<Io, 'env' | 'err'>): AdminCall {
  const { url, token }: AdminAccess = readAdminAccess(env)

  function fail(message: string): never {
    err(`error: ${message}\n`)
    throw new CommandFailed()
  }

  return async (method, path, body) => {
    const headers = {
      authorization: `Bearer ${token.reveal()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => fail(`no answer from the admin listener at ${url}`))
    const answer = await readJson(response)
    if (response.ok) return answer
    const { code = 'no problem document', detail, title } = problemOf(answer)
    return fail(`${response.status} ${code}: ${detail ?? title ?? 'look at KNOXGATE_ADMIN_URL'}`)
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await response.text())
  } catch {
    return null
  }
}

/** The words of a problem document (RFC 9457) that may be shown. */
function problemOf(answer: unknown): Readonly<Record<string, string>> {
  const members = typeof answer === 'object' && answer !== null ? Object.entries(answer) : []
  return Object.fromEntries(members.filter(([, value]) => typeof value === 'string'))
}
