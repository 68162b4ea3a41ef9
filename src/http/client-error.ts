import { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { toProblem } from './problem.ts'
import { newTraceId } from './request-context.ts'
import { API_HEADERS } from './security.ts'

/**
 * Listener for a server's `clientError`: what Node's parser refuses never becomes a request, and is
 * answered here with a problem document on the bare socket.
 *
 * @see {@link https://nodejs.org/api/http.html#event-clienterror | Node.js: clientError}
 */
export function createClientErrorHandler({ log }: { readonly log: Log }) {
  return (error: Error & { readonly code?: string }, socket: Duplex): void => {
    const pending = pendingAnswer(socket)
    if (error.code === 'ECONNRESET' || !socket.writable || pending?.headersSent) {
      socket.destroy()
      return
    }
    if (pending?.req.complete) {
      // What is broken came behind a request that is being worked on: a refusal written now would be
      // taken for the answer to that one. Its own answer ends the connection instead.
      pending.shouldKeepAlive = false
      return
    }
    const traceId = newTraceId()
    const { status, headers, body } = toProblem(refusalOf(error.code), { traceId })
    log.info('request_refused', { traceId, code: body.code, status })
    const text = JSON.stringify(body)
    const lines = Object.entries({
      ...API_HEADERS,
      ...headers,
      'x-trace-id': traceId,
      'Content-Length': String(Buffer.byteLength(text)),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${text}`)
  }
}

function refusalOf(code: string | undefined): ServiceError {
  const refusal: ErrorCode =
    code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'malformed_request'
  return new ServiceError(refusal)
}

/**
 * The answer that is due on this socket, to a request of which the head has arrived. Text that is written
 * once it has begun would end up in the middle of it.
 */
function pendingAnswer(socket: Duplex): ServerResponse | null {
  const message: unknown = Reflect.get(socket, '_httpMessage')
  return message instanceof ServerResponse ? message : null
}
