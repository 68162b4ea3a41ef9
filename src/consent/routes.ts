import { createHmac, type KeyObject } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import type { Portal, Program } from '../config/config.ts'
import { clearCookie, flowCookie } from '../http/cookies.ts'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { PAGE_MESSAGES, type PageCause, PageError } from '../http/page-messages.ts'
import type { Pages } from '../http/pages.ts'
import { supportIdOf } from '../http/request-context.ts'
import { allowMethods, pageSecurity, sameOrigin } from '../http/security.ts'
import type { CallbackResult } from '../samsung-account/callback.ts'
import { sameSecret } from '../shared/ids.ts'
import { abilitiesOf } from './abilities.ts'
import type { BrowserFlow, BrowserStep, PageCause as StepCause } from './browser-flow.ts'
import { cookieOf, queryOf, readBody, readForm, readSessionId } from './requests.ts'
import type { ConnectSession } from './session-record.ts'
import { flowCookieName } from './sessions.ts'

type PageStep = Extract<BrowserStep, { readonly kind: 'page' }>

export interface ConsentRouterDeps {
  readonly flow: BrowserFlow
  readonly pages: Pages
  readonly programs: ReadonlyMap<string, Program>
  readonly portals: ReadonlyMap<string, Portal>
  readonly publicUrl: string
  /** Reads what Samsung sent back, whatever its shape. */
  readonly readCallback: (parameters: URLSearchParams) => CallbackResult
  /** Keeps posted parameters until their browser comes back; returns the handle. */
  readonly keepCallback: (parameters: string) => Promise<string>
  /** Takes kept parameters, once. */
  readonly takeCallback: (handle: string) => Promise<string | null>
  readonly csrfKey: KeyObject
  /** Life of the flow cookie, in seconds; at most ten minutes. */
  readonly cookieSeconds: number
  readonly bodyLimitBytes: number
}

/** Routes of the browser: the page behind `connect_url`, and the way back from Samsung. */
export function createConsentRouter(deps: ConsentRouterDeps): Router {
  const { flow, pages, programs, portals, csrfKey } = deps
  const router = Router(EXACT_PATHS)
  const csrfTokenOf = (id: string) => createHmac('sha256', csrfKey).update(id).digest('base64url')
  const secure = pageSecurity()

  router.all('/connect/:id', secure, allowMethods('GET', 'POST'))

  router.get('/connect/:id', async (req, res) => {
    const id = readSessionId(req)
    const step = await flow.view(id)
    if (step.kind !== 'confirm') return show(res, step)
    const { session } = step
    const program = programs.get(session.program)
    const portal = portals.get(session.portalId)
    if (program === undefined || portal === undefined) throw new PageError('not_found')
    sendPage(
      res,
      200,
      pages.confirm({
        supportId: supportIdOf(res),
        portalName: portal.name,
        tenantName: session.tenantName,
        region: program.region,
        abilities: abilitiesOf(program.kind),
        partnerId: program.samsungAccount.partnerId,
        action: `/connect/${id}`,
        csrfToken: csrfTokenOf(id),
        accountChange: session.reconnects !== undefined && session.allowAccountChange,
      }),
    )
  })

  router.post('/connect/:id', sameOrigin(deps), async (req, res) => {
    const id = readSessionId(req)
    const form = await readForm(req, deps.bodyLimitBytes)
    if (!sameSecret(form.get('csrf_token') ?? '', csrfTokenOf(id)))
      throw new PageError('forbidden_origin')
    const cookie = cookieOf(req)(id)
    const cancelled = form.get('action') === 'cancel'
    show(res, await (cancelled ? flow.cancel(id, cookie) : flow.start(id, cookie)))
  })

  router.all(['/callback/:program', '/callback/:program/continue'], secure, (req, _res, next) => {
    if (!programs.has(String(req.params.program))) throw new PageError('not_found')
    next()
  })

  router
    .route('/callback/:program')
    .get(async (req, res) => {
      await receive(req, res, deps.readCallback(queryOf(req)))
    })
    // No Lax cookie comes along on a post from Samsung's site. So nothing is decided here: the
    // parameters wait, and the browser comes back by GET, with its cookie. What no session waits for
    // is not kept.
    .post(async (req, res) => {
      const body = await readBody(req, deps.bodyLimitBytes)
      const result = deps.readCallback(new URLSearchParams(body))
      if (!(await flow.awaits(result))) return receive(req, res, result)
      const handle = await deps.keepCallback(body)
      res.status(303).location(`/callback/${req.params.program}/continue?handle=${handle}`).end()
    })
    .all(allowMethods('GET', 'POST'))

  router
    .route('/callback/:program/continue')
    .get(async (req, res) => {
      const handle = queryOf(req).get('handle') ?? ''
      const body = await deps.takeCallback(handle)
      if (body === null) throw new PageError('used')
      await receive(req, res, deps.readCallback(new URLSearchParams(body)))
    })
    .all(allowMethods('GET'))

  async function receive(req: Request, res: Response, result: CallbackResult): Promise<void> {
    const programId = String(req.params.program)
    show(res, await flow.callback(programId, result, cookieOf(req)), AT_CALLBACK)
  }

  /** @param words - What some causes are called here. */
  function show(res: Response, step: BrowserStep, words: Words = {}): void {
    const supportId = supportIdOf(res)
    const about = describe(step.session)
    if (step.kind === 'portal') {
      const { url: location, session } = step
      res.append('Set-Cookie', clearCookie(flowCookieName(session.id)))
      // A redirect to another site would break `form-action` of the page that posted.
      const destination = about.portalName ?? 'your portal'
      // Not `redirect`: its body would repeat the one-time code.
      if (res.req.method !== 'POST') res.status(303).location(location).end()
      else sendPage(res, 200, pages.onTheWay({ supportId, location, destination }))
      return
    }
    if (step.kind === 'samsung') {
      const name = flowCookieName(step.session.id)
      res.append('Set-Cookie', flowCookie(name, step.cookie, deps.cookieSeconds))
      sendPage(res, 200, pages.onTheWay({ supportId, location: step.url }))
      return
    }
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
    const partnerId = programs.get(session.program)?.samsungAccount.partnerId
    const { returnUrl, tenantName } = session
    return { portalName: portal.name, returnUrl, tenantName, partnerId }
  }

  return router
}

type Words = Partial<Record<StepCause, PageCause>>

/** On the way back, a link that has run out is a late sign-in, and a lost session a foreign state. */
const AT_CALLBACK: Words = { expired: 'late', not_found: 'unknown_state' }

function pageCauseOf({ cause, session }: PageStep, words: Words): PageCause {
  // Samsung ended it with an error, and never gave a code.
  const isRefused = session?.phase === 'failed' && session.resultCode === undefined
  if (cause === 'used' && isRefused) return 'provider_error'
  return cause === 'closed' ? 'denied' : (words[cause] ?? cause)
}

function sendPage(res: Response, status: number, html: string): void {
  res.status(status).type('html').send(html)
}
