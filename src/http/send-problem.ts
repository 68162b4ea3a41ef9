import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { TALLIED, toProblem } from './problem.ts'
import { newTraceId } from './request-context.ts'
import { API_HEADERS } from './security.ts'
import { sendAnswer } from './send-answer.ts'

/** Answers a request that never got as far as Express with a problem document, and logs it. */
export function sendProblem(
  req: IncomingMessage,
  res: ServerResponse,
  error: ServiceError,
  {
    log,
    portalId,
    headers: more = {},
  }: {
    readonly log: Log
    readonly portalId?: string
    /** Beyond those of the problem. */
    readonly headers?: Readonly<Record<string, string>>
  },
): void {
  const traceId = newTraceId()
  const { status, headers, body } = toProblem(error, { traceId })
  const fields = { traceId, portalId, code: body.code, status }
  if (!TALLIED.has(error.code)) {
    if (status < 500) log.info('request_refused', fields)
    else log.warn('request_failed', fields)
  }
  const all = { ...API_HEADERS, ...headers, ...more, 'x-trace-id': traceId }
  sendAnswer(req, res, { status, headers: all, body: JSON.stringify(body) })
}
