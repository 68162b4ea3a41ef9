import type { Response } from 'express'
import type { Portal, Program } from '../config/config.ts'
import { clearCookie, flowCookie, parseCookies } from '../http/cookies.ts'
import { PAGE_MESSAGES, type PageCause } from '../http/page-messages.ts'
import type { Pages } from '../http/pages.ts'
import { supportIdOf } from '../http/request-context.ts'
import type { BrowserStep, PageCause as StepCause } from './browser-flow.ts'
import { type Ending, endedAddress, type ReadOutcome } from './ended.ts'
import { flowCookieName, surplusFlows } from './flow-cookies.ts'
import type { ConnectSession } from './session-record.ts'

type Step<Kind extends BrowserStep['kind']> = Extract<BrowserStep, { readonly kind: Kind }>

export interface AnswersDeps {
  readonly pages: Pages
  readonly programs: ReadonlyMap<string, Program>
  readonly portals: ReadonlyMap<string, Portal>
  readonly readOutcome: ReadOutcome
  /** Life of the flow cookie, in seconds; at most ten minutes. */
  readonly cookieSeconds: number
}

/** Turns steps of the flow into answers. */
export interface Answers {
  /** At the link: a page, or the way on. */
  show(res: Response, step: BrowserStep): void
  /** At the callback: the way on, or a page that moves on to an address which holds nothing of Samsung's. */
  leave(res: Response, step: BrowserStep): void
  /** The page that ends a callback. @throws ServiceError `store_unavailable` */
  ended(res: Response, ending: Ending): Promise<void>
}

/** Creates the answers. */
export function createAnswers(deps: AnswersDeps): Answers {
  const { pages, programs, portals, readOutcome, cookieSeconds } = deps

  function show(res: Response, step: BrowserStep): void {
    if (step.kind === 'page') showPage(res, step)
    else if (step.kind === 'samsung') sendToSamsung(res, step)
    else sendToPortal(res, step)
  }

  function sendToSamsung(res: Response, { session, cookie, url }: Step<'samsung'>): void {
    const name = flowCookieName(session.id)
    const sent = parseCookies(res.req.headers.cookie).keys()
    for (const old of surplusFlows(sent, name)) res.append('Set-Cookie', clearCookie(old))
    res.append('Set-Cookie', flowCookie(name, cookie, cookieSeconds))
    sendPage(res, 200, pages.onTheWay({ supportId: supportIdOf(res), location: url }))
  }

  function sendToPortal(res: Response, { session, url: location }: Step<'portal'>): void {
    res.append('Set-Cookie', clearCookie(flowCookieName(session.id)))
    if (res.req.method !== 'POST') {
      seeOther(res, location)
      return
    }
    // A redirect to another site would break `form-action` of the page that posted.
    const destination = describe(session).portalName ?? 'your portal'
    sendPage(res, 200, pages.onTheWay({ supportId: supportIdOf(res), location, destination }))
  }

  function showPage(res: Response, step: Step<'page'>, options: PageOptions = {}): void {
    const { words = {}, supportId = supportIdOf(res), moveTo } = options
    const about = { ...describe(step.session), moveTo }
    // The next address must not be told of this one.
    if (moveTo !== undefined) res.set('Referrer-Policy', 'no-referrer')
    forget(res, step)
    if (step.session?.phase === 'completed' && about.portalName !== undefined) {
      const { portalName } = about
      sendPage(res, 200, pages.connected({ supportId, ...about, portalName }))
      return
    }
    const cause = pageCauseOf(step, words)
    sendPage(res, PAGE_MESSAGES[cause].status, pages.error({ cause, supportId, ...about }))
  }

  /** What a page may say about a session: its portal, and the way back there. */
  function describe(session: ConnectSession | undefined) {
    const portal = session === undefined ? undefined : portals.get(session.portalId)
    if (session === undefined || portal === undefined) return {}
    const program = programs.get(session.program)
    const partnerId =
      program?.kind === 'samsung-account' ? program.samsungAccount.partnerId : undefined
    const { returnUrl, tenantName } = session
    return { portalName: portal.name, returnUrl, tenantName, partnerId }
  }

  return {
    show,

    leave(res, step) {
      if (step.kind !== 'page') {
        show(res, step)
        return
      }
      const cause = pageCauseOf(step, AT_CALLBACK)
      const supportId = supportIdOf(res)
      const moveTo = endedAddress({ cause, supportId, sessionId: step.session?.id })
      showPage(res, step, { words: AT_CALLBACK, moveTo })
    },

    async ended(res, { cause, supportId, sessionId }) {
      const outcome = sessionId === undefined ? null : await readOutcome(sessionId)
      if (outcome !== null && outcome.cause !== null) {
        const { session, cause: known } = outcome
        const step = { kind: 'page', cause: known, session } as const
        return showPage(res, step, { words: AT_CALLBACK, supportId })
      }
      const model = { cause, supportId: supportId ?? supportIdOf(res) }
      const html = pages.error({ ...model, ...describe(outcome?.session) })
      sendPage(res, PAGE_MESSAGES[cause].status, html)
    },
  }
}

type Words = Partial<Record<StepCause, PageCause>>

interface PageOptions {
  readonly words?: Words
  /** Of the request that the page is about, where that was another one. */
  readonly supportId?: string | undefined
  readonly moveTo?: string
}

/** On the way back, a link that has run out is a late sign-in, and a lost session a foreign state. */
const AT_CALLBACK: Words = { expired: 'late', not_found: 'unknown_state' }

function pageCauseOf({ cause, session }: Step<'page'>, words: Words): PageCause {
  // Samsung ended it with an error, and never gave a code.
  const isRefused = session?.phase === 'failed' && session.resultCode === undefined
  if (cause === 'used' && isRefused) return 'provider_error'
  return cause === 'closed' ? 'denied' : (words[cause] ?? cause)
}

const OVER: readonly StepCause[] = ['used', 'denied', 'expired']

/** Takes away the cookie of a session that nobody can go on with. */
function forget(res: Response, { cause, session }: Step<'page'>): void {
  if (session === undefined || !OVER.includes(cause)) return
  res.append('Set-Cookie', clearCookie(flowCookieName(session.id)))
}

/** Not `redirect`: its body would repeat the address, and with it a one-time code. */
function seeOther(res: Response, location: string): void {
  res.status(303).location(location).end()
}

function sendPage(res: Response, status: number, html: string): void {
  res.status(status).type('html').send(html)
}
