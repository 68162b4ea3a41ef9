import { type PageCause, PageError } from '../http/page-messages.ts'
import { type ConnectSessionId, isConnectSessionId } from '../shared/ids.ts'
import type { ConnectSession } from './session-record.ts'
import { type BrowserRefusal, refusesStart } from './session-transitions.ts'
import type { Sessions } from './sessions.ts'

/** The address of the page that ends a callback. No session has this id. */
export const ENDED_PATH = '/connect/ended'

/** Why a callback ends on a page: all that the page's address may say. */
const CAUSES = [
  'denied',
  'late',
  'used',
  'wrong_browser',
  'unknown_state',
  'invalid_callback',
  'provider_error',
  'frozen',
  'not_found',
  'bad_request',
] as const satisfies readonly PageCause[]

/** How a callback ended, as far as its page needs to know. */
export interface Ending {
  readonly cause: PageCause
  /** The support id of the callback, under which the log has it; absent when it was tampered with. */
  readonly supportId?: string | undefined
  /** The session that the callback named. */
  readonly sessionId?: ConnectSessionId | undefined
}

/**
 * Writes the address of the page. It holds nothing of what Samsung sent, so that neither the
 * address bar nor the history keeps `code` and `state` (RFC 9700 §4.2.4, §4.3.1).
 */
export function endedAddress({ cause, supportId, sessionId }: Ending): string {
  const known = CAUSES.find((one) => one === cause) ?? 'bad_request'
  const query = new URLSearchParams({ cause: known })
  if (sessionId !== undefined) query.set('session', sessionId)
  if (supportId !== undefined) query.set('support_id', supportId)
  return `${ENDED_PATH}?${query}`
}

/**
 * Reads such an address. Anybody can write one: the words come from a closed list, and what the
 * session's record says goes before the cause.
 *
 * @throws PageError `not_found` for a cause that is not in the list.
 */
export function readEnding(parameters: URLSearchParams): Ending {
  const cause = CAUSES.find((known) => known === parameters.get('cause'))
  if (cause === undefined) throw new PageError('not_found')
  const supportId = parameters.get('support_id') ?? ''
  const sessionId = parameters.get('session') ?? ''
  return {
    cause,
    supportId: /^[0-9a-f]{4}(?:-[0-9a-f]{4}){2}$/.test(supportId) ? supportId : undefined,
    sessionId: isConnectSessionId(sessionId) ? sessionId : undefined,
  }
}

/** A refusal on its way to the browser. */
interface Refusal {
  readonly cause: PageCause
  readonly status: number
  readonly supportId: string
}

/**
 * Where a browser is led whose callback was refused before it was read; null where a page may
 * answer at the request's own address.
 *
 * It may where the address holds no parameters of Samsung's, and where the service failed, or was
 * asked too often: nothing was taken yet, and reloading that very address is what goes on with the sign-in.
 */
export function leadAway(
  { method, originalUrl }: { readonly method: string; readonly originalUrl: string },
  { cause, status, supportId }: Refusal,
): string | null {
  if (status >= 500 || cause === 'rate_limited') return null
  if (method !== 'GET' && method !== 'HEAD') return null
  const [path = '', query] = originalUrl.split('?', 2)
  const isCallback = path.startsWith('/callback/') && !path.endsWith('/continue')
  return isCallback && query !== undefined ? endedAddress({ cause, supportId }) : null
}

/** A session, and why no browser can go on with it; `cause` is null while one can. */
export interface Outcome {
  readonly session: ConnectSession
  readonly cause: BrowserRefusal | null
}

/** Reads what became of a session. Nothing is noted: its refusal was, when it happened. */
export type ReadOutcome = (id: ConnectSessionId) => Promise<Outcome | null>

/** Creates the reader. It throws ServiceError `store_unavailable`. */
export const createReadOutcome =
  (sessions: Pick<Sessions, 'read'>): ReadOutcome =>
  async (id) => {
    const found = await sessions.read(id)
    if (found === null) return null
    const { record: session, serverNow } = found
    return { session, cause: refusesStart(session, session.browser, serverNow) }
  }
