import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { toProblem } from './problem.ts'
import { newTraceId } from './request-context.ts'
import { API_HEADERS } from './security.ts'
import { sendAnswer } from './send-answer.ts'

/** Answers a request that never got as far as Express with a problem document, and logs it. */
export function sendProblem(
  req: IncomingMessage,
  res: ServerResponse,
  error: ServiceError,
  { log, portalId }: { readonly log: Log; readonly portalId?: string },
): void {
  const traceId = newTraceId()
  const { status, headers, body } = toProblem(error, { traceId })
  const fields = { traceId, portalId, code: body.code, status }
  if (status < 500) log.info('request_refused', fields)
  else log.warn('request_failed', fields)
  const all = { ...API_HEADERS, ...headers, 'x-trace-id': traceId }
  sendAnswer(req, res, { status, headers: all, body: JSON.stringify(body) })
}
