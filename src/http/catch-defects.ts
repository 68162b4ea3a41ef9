import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Log } from '../shared/log.ts'
import { toProblem } from './problem.ts'
import { newTraceId } from './request-context.ts'
import { API_HEADERS } from './security.ts'
import { sendAnswer } from './send-answer.ts'

/** Answers and logs a defect of a request that never got as far as Express. */
export function answerDefect(
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  { log }: { readonly log: Log },
): void {
  const traceId = newTraceId()
  const { status, headers, body } = toProblem(error, { traceId })
  log.error('request_failed', { traceId, code: body.code, status, error })
  if (res.headersSent) {
    req.socket.destroy()
    return
  }
  const all = { ...API_HEADERS, ...headers, 'x-trace-id': traceId }
  sendAnswer(req, res, { status, headers: all, body: JSON.stringify(body) })
}

/**
 * Wraps a listener whose way does not begin in Express: what it throws is answered and logged like any
 * other defect. Uncaught, one request would end the process for all of them.
 */
export function catchDefects(
  handle: RequestListener,
  { log }: { readonly log: Log },
): RequestListener {
  return (req, res) => {
    try {
      handle(req, res)
    } catch (error) {
      answerDefect(req, res, error, { log })
    }
  }
}
