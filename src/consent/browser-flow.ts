import type { FreezeCheck } from '../access/freezes.ts'
import type { Audit } from '../audit/audit.ts'
import type { CallbackResult } from '../samsung-account/callback.ts'
import type { SamsungAccountClient } from '../samsung-account/tokens.ts'
import { type ConnectSessionId, newSecretValue, sha256 } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import type { Envelope } from '../vault/envelope.ts'
import { byCustomer, noteRefusal } from './audited.ts'
import { backToPortal } from './back-to-portal.ts'
import { freezeScopeOf } from './completion-checks.ts'
import type { ConnectSession } from './session-record.ts'
import {
  type BrowserRefusal,
  bindBrowser,
  composeState,
  denySession,
  holdCode,
  refusesCallback,
  refusesStart,
  sessionOfState,
  statusOfSession,
} from './session-transitions.ts'
import type { Sessions } from './sessions.ts'

/** Why a browser is shown a page instead of being sent on. */
export type PageCause = BrowserRefusal | 'not_found' | 'invalid_callback' | 'closed' | 'frozen'

/** Where a browser goes next. */
export type BrowserStep =
  | { readonly kind: 'page'; readonly cause: PageCause; readonly session?: ConnectSession }
  /** To Samsung, with the cookie that will prove this browser on its return. */
  | {
      readonly kind: 'samsung'
      readonly url: string
      readonly cookie: string
      readonly session: ConnectSession
    }
  /** Back to the portal; this flow's cookie is done with. */
  | { readonly kind: 'portal'; readonly url: string; readonly session: ConnectSession }

export interface BrowserFlow {
  /** The session behind a `connect_url`; binds and consumes nothing. */
  view(
    id: ConnectSessionId,
  ): Promise<BrowserStep | { readonly kind: 'confirm'; readonly session: ConnectSession }>
  /** Continue: binds the session to the browser that holds `cookie`, or to a new one. */
  start(id: ConnectSessionId, cookie: string | undefined): Promise<BrowserStep>
  /** Cancel: ends the session and goes back to the portal. */
  cancel(id: ConnectSessionId, cookie: string | undefined): Promise<BrowserStep>
  /** Whether a session waits for this callback; reads only. */
  awaits(result: CallbackResult): Promise<boolean>
  /** What came back from Samsung, with a way to look up this browser's cookie. */
  callback(
    programId: string,
    result: CallbackResult,
    cookieOf: (id: ConnectSessionId) => string | undefined,
  ): Promise<BrowserStep>
}

export interface BrowserFlowDeps {
  readonly sessions: Sessions
  readonly envelope: Envelope
  readonly clientOf: (programId: string) => SamsungAccountClient
  readonly freezes: FreezeCheck
  readonly settings: { readonly completeWithinMs: number }
  readonly audit: Pick<Audit, 'note' | 'tally'>
  readonly log: Log
}

/** A code this close to its end would not survive the portal's way back. */
const CODE_MARGIN_MS = 10_000

/** What the code of a session is sealed as. */
export const CODE_FIELD = { binding: '-', field: 'authorization_code', generation: 0 } as const

const hashed = (cookie: string | undefined) => (cookie === undefined ? undefined : sha256(cookie))

/** Creates the browser's side of a connect session. */
export function createBrowserFlow(deps: BrowserFlowDeps): BrowserFlow {
  const { sessions, envelope, clientOf, freezes, settings, audit, log } = deps

  /** No consent is begun or taken for what an operator has frozen; it can be declined all the same. */
  const refusesFrozen = (session: ConnectSession): PageCause | null =>
    freezes.find(freezeScopeOf(session)) === null ? null : 'frozen'

  const refused = (cause: PageCause, session?: ConnectSession): BrowserStep => {
    log.info('browser_refused', { reason: cause, portalId: session?.portalId })
    noteRefusal(audit, cause, session)
    return { kind: 'page', cause, ...(session === undefined ? {} : { session }) }
  }

  /** Changes the session if the browser may; what the browser is told otherwise. */
  async function advance(
    id: ConnectSessionId,
    refuses: (session: ConnectSession, now: number) => PageCause | null,
    change: (session: ConnectSession, now: number) => ConnectSession,
  ): Promise<ConnectSession | BrowserStep> {
    let cause: PageCause | null = null
    const updated = await sessions.update(id, (session, now) => {
      cause = refuses(session, now)
      return cause === null ? change(session, now) : null
    })
    if (updated === null) return refused('not_found')
    return cause === null ? updated.snapshot.record : refused(cause, updated.snapshot.record)
  }

  return {
    async view(id) {
      const found = await sessions.read(id)
      if (found === null) return refused('not_found')
      const { record: session, serverNow } = found
      await freezes.freshen()
      const cause = refusesStart(session, session.browser, serverNow) ?? refusesFrozen(session)
      return cause === null ? { kind: 'confirm', session } : refused(cause, session)
    },

    async start(id, cookie) {
      const secret = newSecretValue(16)
      // A browser that comes with a value of its own choice is given another.
      const fresh = newSecretValue()
      await freezes.freshen()
      const next = await advance(
        id,
        (session, now) => refusesStart(session, hashed(cookie), now) ?? refusesFrozen(session),
        (session) => bindBrowser(session, session.browser ?? sha256(fresh), sha256(secret)),
      )
      if ('kind' in next) return next
      log.info('consent_started', { portalId: next.portalId, programId: next.program })
      audit.note({ event: 'consent_started', ...byCustomer(next) })
      const state = composeState(id, secret)
      const { locale } = next
      const parameters = { state, ...(locale === undefined ? {} : { locale }) }
      const url = clientOf(next.program).authorizationUrl(parameters)
      const kept = next.browser === sha256(fresh) ? fresh : (cookie ?? fresh)
      return { kind: 'samsung', url, cookie: kept, session: next }
    },

    async cancel(id, cookie) {
      const next = await advance(
        id,
        (session, now) => refusesStart(session, hashed(cookie), now),
        (session) => denySession(session, 'access_denied'),
      )
      if ('kind' in next) return next
      log.info('consent_denied', { portalId: next.portalId, reason: 'cancelled' })
      audit.note({ event: 'consent_denied', outcome: 'cancelled', ...byCustomer(next) })
      return backToPortal(next, { error: 'access_denied' })
    },

    async awaits({ kind, state }) {
      const id = state === undefined || kind === 'invalid' ? null : sessionOfState(state)
      const found = id === null ? null : await sessions.read(id)
      return found !== null && statusOfSession(found.record, found.serverNow) === 'pending'
    },

    async callback(programId, result, cookieOf) {
      const id = result.state === undefined ? null : sessionOfState(result.state)
      if (id === null) return refused(causeWithoutState(result))
      const proof = {
        state: sha256((result.state ?? '').slice(id.length + 1)),
        browser: hashed(cookieOf(id)),
      }
      const refuses = (session: ConnectSession, now: number): PageCause | null =>
        session.program === programId ? refusesCallback(session, proof, now) : 'unknown_state'
      if (result.kind === 'invalid') return refused('invalid_callback')
      if (result.kind === 'denied') {
        const { error } = result
        const next = await advance(id, refuses, (session) => denySession(session, error))
        if ('kind' in next) return next
        log.info('consent_denied', { portalId: next.portalId, reason: error })
        audit.note({ event: 'consent_denied', outcome: error, ...byCustomer(next) })
        return backToPortal(next, { error })
      }
      const { wrapped, dataKey } = await envelope.create(id)
      const resultCode = newSecretValue()
      const codeLivesMs = (result.codeExpiresInSeconds ?? 300) * 1000 - CODE_MARGIN_MS
      await freezes.freshen()
      const next = await advance(
        id,
        (session, now) => refuses(session, now) ?? refusesFrozen(session),
        (session, now) =>
          holdCode(session, {
            code: dataKey.seal(CODE_FIELD, result.code.reveal()),
            dataKey: wrapped,
            resultCode: sha256(resultCode),
            completeBy: now + Math.max(0, Math.min(settings.completeWithinMs, codeLivesMs)),
          }),
      )
      if ('kind' in next) return next
      log.info('consent_given', { portalId: next.portalId, programId })
      audit.note({ event: 'consent_given', ...byCustomer(next) })
      return backToPortal(next, { result_code: resultCode })
    },
  }
}

function causeWithoutState(result: CallbackResult): PageCause {
  if (result.kind === 'denied') return 'closed'
  return result.kind === 'invalid' ? 'invalid_callback' : 'unknown_state'
}
