import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../shared/errors.ts'

/**
 * Tells whether a request brings a body (RFC 9112 §6.3). A chunked one may still turn out empty.
 */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * Reads the whole body of a request, up to a limit.
 *
 * Stops at the first byte over the limit, or before the first byte when `Content-Length` announces
 * too many; the rest stays unread and the stream paused, for the error handler to deal with.
 *
 * @throws ServiceError `payload_too_large`, or `malformed_request` when the client went away.
 */
export async function readRawBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  // Gone already: no event would come any more.
  if (req.destroyed) throw brokenOff()
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      act()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > limitBytes) {
        req.pause()
        settle(() => reject(tooLarge(limitBytes)))
      } else chunks.push(chunk)
    }
    const onEnd = () => settle(() => resolve(Buffer.concat(chunks, size)))
    const onGone = () => settle(() => reject(brokenOff()))
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

const brokenOff = (): ServiceError =>
  new ServiceError('malformed_request', { detail: 'the body broke off' })

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError('payload_too_large', { detail: `the limit is ${limitBytes} bytes` })
