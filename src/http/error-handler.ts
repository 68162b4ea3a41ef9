import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { type ErrorCode, ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { PAGE_MESSAGES, type PageCause, PageError } from './page-messages.ts'
import { asServiceError, TALLIED, toProblem } from './problem.ts'
import { muteRequest, portalIdOf, supportIdOf, traceIdOf } from './request-context.ts'
import { type Answer, sendAnswer } from './send-answer.ts'

/** Goes after all routes: what nothing answered is `not_found`. */
export const notFoundHandler: RequestHandler = () => {
  throw new ServiceError('not_found')
}

/**
 * The last handler of `/v1` and of the admin listener: answers with a problem document.
 *
 * Always installed, because Express's own prints the whole error object.
 */
export function createProblemHandler({ log }: { readonly log: Log }): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const { status, headers, body } = toProblem(error, { traceId: traceIdOf(res) })
    record(log, res, { error, code: body.code, status })
    answer(req, res, { status, headers, body: JSON.stringify(body) })
  }
}

export interface PageErrorDeps {
  /** Renders the page of a cause: `pages.error`. */
  readonly renderPage: (model: ErrorPage) => string
  /** Where the browser moves on to, so that its address does not stay; null where it may. */
  readonly leadAway?: (req: Request, refusal: PageRefusal) => string | null
  readonly log: Log
}

interface ErrorPage {
  readonly cause: PageCause
  readonly supportId: string
  readonly moveTo?: string | undefined
}

interface PageRefusal {
  readonly cause: PageCause
  readonly status: number
  readonly supportId: string
}

/** The last handler of the browser's routes: answers with the page of the cause. */
export function createPageErrorHandler(deps: PageErrorDeps): ErrorRequestHandler {
  const { renderPage, leadAway = () => null, log } = deps
  return (error, req, res, _next) => {
    const { cause, status } = pageOf(error)
    record(log, res, { error, code: cause, status })
    const supportId = supportIdOf(res)
    const moveTo = leadAway(req, { cause, status, supportId }) ?? undefined
    const traceId = traceIdOf(res)
    const headers = {
      ...toProblem(error, { traceId }).headers,
      'Content-Type': 'text/html; charset=utf-8',
      ...(moveTo === undefined ? {} : { 'Referrer-Policy': 'no-referrer' }),
    }
    const body = renderOr(lastResort(supportId), log, () =>
      renderPage({ cause, supportId, moveTo }),
    )
    answer(req, res, { status, headers, body })
  }
}

const lastResort = (supportId: string): string =>
  `<!doctype html><html lang="en"><title>Error</title><p>Support id ${supportId}</p></html>`

/** A page that cannot be rendered must not hand the request to Express's own error handler. */
function renderOr(fallback: string, log: Log, render: () => string): string {
  try {
    return render()
  } catch (error) {
    log.error('page_not_rendered', { error })
    return fallback
  }
}

/** The page for anything thrown. The status of a `ServiceError` stays what it is everywhere. */
function pageOf(error: unknown): { readonly cause: PageCause; readonly status: number } {
  if (error instanceof PageError) return { cause: error.pageCause, status: error.status }
  const { code, status } = asServiceError(error)
  return { cause: causeOf(code, status), status }
}

function causeOf(code: ErrorCode, status: number): PageCause {
  if (code === 'internal_error') return 'internal'
  if (status >= 500) return 'service_unavailable'
  if (code === 'rate_limited') return code
  return status === PAGE_MESSAGES.not_found.status ? 'not_found' : 'bad_request'
}

interface Failure {
  readonly error: unknown
  readonly code: string
  readonly status: number
}

function record(log: Log, res: Response, { error, code, status }: Failure): void {
  if (error instanceof ServiceError && TALLIED.has(error.code)) {
    muteRequest(res)
    return
  }
  const fields = { traceId: traceIdOf(res), portalId: portalIdOf(res), code, status }
  const isExpected = error instanceof ServiceError || error instanceof PageError
  if (status < 500) log.info('request_refused', fields)
  else if (isExpected) log.warn('request_failed', fields)
  else log.error('request_failed', { ...fields, error })
}

/**
 * An answer that has begun cannot be taken back, only broken off so that nobody takes it for whole.
 */
function answer(req: Request, res: Response, content: Answer): void {
  if (res.headersSent) req.socket.destroy()
  else sendAnswer(req, res, content)
}
