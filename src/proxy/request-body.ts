import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { hasBody } from '../http/raw-body.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Watch } from './watch.ts'

/** So much of a request is kept, for sending it once more. */
const KEPT_BYTES = 262_144

/** The body of a call: kept, so that it can be sent again, or on its way. */
export type RequestBody =
  | { readonly kept: Uint8Array | null }
  | { readonly stream: Readable; readonly length: number | null }

/**
 * Takes the body of a request: whole when it is small, as a stream when it is not.
 *
 * @param limitBytes - What is longer ends the call with `payload_too_large`, be it on its way already.
 * @throws ServiceError `payload_too_large`, or `malformed_request` when the client went away.
 */
export async function takeBody(
  req: IncomingMessage,
  limitBytes: number,
  watch: Pick<Watch, 'touch' | 'fail'>,
): Promise<RequestBody> {
  const announced = req.headers['content-length']
  const length = announced === undefined ? null : Number(announced)
  if (length !== null && length > limitBytes) throw tooLarge(limitBytes)
  if (!hasBody(req)) return { kept: length === 0 ? Buffer.alloc(0) : null }
  const parts = limited(req, limitBytes, watch)
  if (length !== null && length > KEPT_BYTES) return { stream: toStream(parts), length }
  const chunks: Buffer[] = []
  let size = 0
  while (size <= KEPT_BYTES) {
    const { done, value } = await parts.next()
    if (done) return { kept: Buffer.concat(chunks, size) }
    chunks.push(value)
    size += value.length
  }
  return { stream: toStream(continued(chunks, parts)), length: null }
}

/**
 * Drops what is left of a request when its answer is out. Node does so only for those of which nothing was
 * read, and the next request on the connection would wait behind the rest.
 */
export function dropRest(req: IncomingMessage, res: ServerResponse): void {
  res.once('finish', () => {
    if (req.readableEnded) return
    req.removeAllListeners('readable')
    req.resume()
  })
}

const toStream = (parts: AsyncIterable<Buffer>): Readable =>
  Readable.from(parts, { objectMode: false, highWaterMark: 65_536 })

async function* continued(chunks: readonly Buffer[], rest: AsyncIterable<Buffer>) {
  yield* chunks
  yield* rest
}

/** The parts of a request as they come. Leaves the request alone when nobody wants more. */
async function* limited(
  req: IncomingMessage,
  limitBytes: number,
  { touch, fail }: Pick<Watch, 'touch' | 'fail'>,
): AsyncGenerator<Buffer, undefined> {
  let size = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      const part: Buffer = chunk
      touch()
      size += part.length
      if (size > limitBytes) {
        const error = tooLarge(limitBytes)
        fail(error)
        throw error
      }
      yield part
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error
    throw new ServiceError('malformed_request', { detail: 'the body broke off' })
  }
}

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError('payload_too_large', { detail: `the limit is ${limitBytes} bytes` })
