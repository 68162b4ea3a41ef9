import type { ConnectionId, ConnectSessionId } from '../shared/ids.ts'
import type { EpochMs } from '../shared/time.ts'
import type { ConnectSession } from './session-record.ts'

export type SessionStatus =
  | 'pending'
  | 'awaiting_completion'
  | 'completed'
  | 'denied'
  | 'expired'
  | 'failed'

/** What the portal is told about a session; `expired` is computed, never stored. */
export function statusOfSession(session: ConnectSession, now: EpochMs): SessionStatus {
  switch (session.phase) {
    case 'pending':
      return now < session.expiresAt ? 'pending' : 'expired'
    case 'awaiting_completion':
      return now < (session.completeBy ?? 0) ? 'awaiting_completion' : 'expired'
    case 'exchanging':
      return now < (session.until ?? 0) ? 'awaiting_completion' : 'failed'
    default:
      return session.phase
  }
}

/** Why a browser may not go on. Each is a page with its own cause and next step. */
export type BrowserRefusal = 'expired' | 'used' | 'denied' | 'wrong_browser' | 'unknown_state'

/** Tabs of one browser that may be at Samsung at the same time. */
const MAX_STATES = 4

/**
 * Whether this browser may begin, or begin again in another tab.
 *
 * @param browser - Hash of the flow cookie that the browser sent, if it sent one.
 */
export function refusesStart(
  session: ConnectSession,
  browser: string | undefined,
  now: EpochMs,
): BrowserRefusal | null {
  if (session.phase === 'denied') return 'denied'
  if (session.phase !== 'pending') return 'used'
  if (now >= session.expiresAt) return 'expired'
  if (session.browser !== undefined && session.browser !== browser) return 'wrong_browser'
  return null
}

/** Binds the session to one browser and gives out one more state. */
export function bindBrowser(
  session: ConnectSession,
  browser: string,
  state: string,
): ConnectSession {
  return { ...session, browser, states: [state, ...session.states].slice(0, MAX_STATES) }
}

/** What a callback proves about itself: hashes of its state and of its browser's cookie. */
export interface CallbackProof {
  readonly state: string
  readonly browser: string | undefined
}

/**
 * Whether a callback may be believed (RFC 9700 §4.7: one use, in time, the browser that began).
 *
 * A state that was given out and is not among those still open has been used or replaced.
 */
export function refusesCallback(
  session: ConnectSession,
  proof: CallbackProof,
  now: EpochMs,
): BrowserRefusal | null {
  if (session.phase === 'denied') return 'denied'
  if (session.phase !== 'pending') return 'used'
  if (now >= session.expiresAt) return 'expired'
  if (!session.states.includes(proof.state)) return 'unknown_state'
  if (session.browser === undefined || session.browser !== proof.browser) return 'wrong_browser'
  return null
}

export interface HeldCode {
  readonly code: string
  readonly dataKey: string
  readonly resultCode: string
  readonly completeBy: EpochMs
}

/** Keeps the code until the portal completes; from here on no state opens this session. */
export const holdCode = (session: ConnectSession, held: HeldCode): ConnectSession => ({
  ...session,
  phase: 'awaiting_completion',
  states: [],
  ...held,
})

/** Ends the session because the customer, or Samsung on the way, said no. */
export const denySession = (session: ConnectSession, failure: string): ConnectSession => ({
  ...session,
  phase: failure === 'access_denied' ? 'denied' : 'failed',
  states: [],
  failure,
})

/** Takes the code out for its one exchange. */
export function beginExchange(
  session: ConnectSession,
  attempt: string,
  connectionId: ConnectionId,
  until: EpochMs,
): ConnectSession {
  const { code: _, dataKey: __, ...rest } = session
  return { ...rest, phase: 'exchanging', attempt, connectionId, until }
}

/** Puts the code back: it never left this process. */
export function undoExchange(
  session: ConnectSession,
  held: { readonly code: string; readonly dataKey: string },
): ConnectSession {
  const { attempt: _, until: __, connectionId: ___, ...rest } = session
  return { ...rest, phase: 'awaiting_completion', ...held }
}

export function finishSession(session: ConnectSession): ConnectSession {
  const { until: _, failure: __, ...rest } = session
  return { ...rest, phase: 'completed' }
}

export function failSession(session: ConnectSession, failure: string): ConnectSession {
  const { until: _, code: __, dataKey: ___, ...rest } = session
  return { ...rest, phase: 'failed', failure }
}

/** `state` as Samsung sees it: it names its session, so that one key holds all there is. */
export const composeState = (id: ConnectSessionId, secret: string): string => `${id}.${secret}`

/** The session that a state names, or null when it is none of ours. */
export function sessionOfState(state: string): ConnectSessionId | null {
  const parts = /^(cs_[0-9a-z]{32})\.[A-Za-z0-9_-]{22}$/.exec(state)
  return parts === null ? null : (parts[1] as ConnectSessionId)
}
