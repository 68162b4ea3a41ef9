import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { ServiceError } from '../shared/errors.ts'
import type { Answer } from './answer.ts'
import { headerOf, responseHeaders } from './headers.ts'
import type { Watch } from './watch.ts'

export interface SendContext {
  readonly watch: Pick<Watch, 'touch' | 'fail'>
  readonly limitBytes: number
  /** The same call may succeed now, although this answer says no. */
  readonly retryable: boolean
}

/** What no HTTP/1 header may hold. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * Sends Samsung's answer on; resolves when it is out. What breaks off breaks off here as well, so that nobody
 * takes it for whole.
 *
 * @throws ServiceError `upstream_malformed` when the answer says that it is too large
 */
export async function sendOn(
  res: ServerResponse,
  answer: Answer,
  context: SendContext,
): Promise<'whole' | 'broken'> {
  const { status, headers, read, rest } = answer
  const { limitBytes, retryable } = context
  const length = lengthOf(answer)
  if (length !== null && Number(length) > limitBytes) {
    rest?.destroy()
    throw tooLarge(limitBytes)
  }
  res.writeHead(status, [
    ...responseHeaders(headers).map((text) => (UNSENDABLE.test(text) ? '' : text)),
    ...(length === null ? [] : ['content-length', length]),
    ...(retryable ? ['x-knoxgate-retryable', 'true'] : []),
  ])
  if (read.length > 0) res.write(read)
  if (rest !== null) return pass(rest, res, read.length, context)
  res.end()
  return 'whole'
}

/** As Samsung says it, unless the body comes in chunks; RFC 9112 §6.3 lets those win. */
function lengthOf({ headers, status }: Answer): string | null {
  if (status === 204 || headerOf(headers, 'transfer-encoding') !== undefined) return null
  const length = headerOf(headers, 'content-length')
  return length !== undefined && /^\d{1,15}$/.test(length) ? length : null
}

function pass(
  from: Readable,
  res: ServerResponse,
  sent: number,
  { watch, limitBytes }: SendContext,
): Promise<'whole' | 'broken'> {
  let size = sent
  return new Promise((resolve) => {
    const resume = () => void from.resume()
    const breakOff = () => {
      res.off('drain', resume)
      from.destroy()
      // Only a connection that is cut tells the client that this was not all.
      res.destroy()
      resolve('broken')
    }
    from.on('data', (chunk: Buffer) => {
      size += chunk.length
      watch.touch()
      if (size > limitBytes) breakOff()
      else if (!res.write(chunk)) from.pause()
    })
    from.once('error', breakOff)
    from.once('end', () => {
      res.off('drain', resume)
      res.end()
      resolve('whole')
    })
    res.on('drain', () => {
      watch.touch()
      resume()
    })
    res.once('close', () => {
      if (!res.writableFinished) breakOff()
    })
  })
}

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError('upstream_malformed', {
    detail: `the answer is larger than proxy.response_limit, ${limitBytes} bytes`,
  })
