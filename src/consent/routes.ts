import { createHmac, type KeyObject } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import { EXACT_PATHS } from '../http/exact-paths.ts'
import { PageError } from '../http/page-messages.ts'
import { supportIdOf } from '../http/request-context.ts'
import { allowMethods, pageSecurity, sameOrigin } from '../http/security.ts'
import type { CallbackResult } from '../samsung-account/callback.ts'
import { sameSecret } from '../shared/ids.ts'
import { abilitiesOf } from './abilities.ts'
import { type AnswersDeps, createAnswers } from './answers.ts'
import type { BrowserFlow } from './browser-flow.ts'
import { ENDED_PATH, readEnding } from './ended.ts'
import { cookieOf, queryOf, readBody, readForm, readSessionId } from './requests.ts'

export interface ConsentRouterDeps extends AnswersDeps {
  readonly flow: BrowserFlow
  readonly publicUrl: string
  /** Reads what Samsung sent back, whatever its shape. */
  readonly readCallback: (parameters: URLSearchParams) => CallbackResult
  /** Keeps posted parameters until their browser comes back; returns the handle. */
  readonly keepCallback: (parameters: string) => Promise<string>
  /** Takes kept parameters, once. */
  readonly takeCallback: (handle: string) => Promise<string | null>
  readonly csrfKey: KeyObject
  readonly bodyLimitBytes: number
}

/** Routes of the browser: the page behind `connect_url`, and the way back from Samsung. */
export function createConsentRouter(deps: ConsentRouterDeps): Router {
  const { flow, pages, programs, portals, csrfKey } = deps
  const router = Router(EXACT_PATHS)
  const answers = createAnswers(deps)
  const csrfTokenOf = (id: string) => createHmac('sha256', csrfKey).update(id).digest('base64url')
  const secure = pageSecurity()

  router
    .route(ENDED_PATH)
    .get((req, res) => answers.ended(res, readEnding(queryOf(req))))
    .all(allowMethods('GET'))

  router.all('/connect/:id', secure, allowMethods('GET', 'POST'))

  router.get('/connect/:id', async (req, res) => {
    const id = readSessionId(req)
    const step = await flow.view(id)
    if (step.kind !== 'confirm') return answers.show(res, step)
    const { session } = step
    const program = programs.get(session.program)
    const portal = portals.get(session.portalId)
    if (program?.kind !== 'samsung-account' || portal === undefined)
      throw new PageError('not_found')
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
    answers.show(res, await (cancelled ? flow.cancel(id, cookie) : flow.start(id, cookie)))
  })

  router.all(['/callback/:program', '/callback/:program/continue'], secure, (req, _res, next) => {
    if (programs.get(String(req.params.program))?.kind !== 'samsung-account')
      throw new PageError('not_found')
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
    answers.leave(res, await flow.callback(programId, result, cookieOf(req)))
  }

  return router
}

function sendPage(res: Response, status: number, html: string): void {
  res.status(status).type('html').send(html)
}
