import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How much, and for how long, is still read from a request that has been answered with 413. */
const LINGER_BYTES = 1_048_576
const LINGER_MS = 1_000

/**
 * Sends a complete answer; after a 413 the connection is closed, because its request was not read.
 */
export function sendAnswer(req: IncomingMessage, res: ServerResponse, answer: Answer): void {
  const { status, headers, body } = answer
  res.statusCode = status
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  if (status === 413) endLingering(req, res, body)
  else res.end(body)
}

/**
 * Ends an answer whose request is still on its way.
 *
 * Closing a socket with unread data resets it, and the client may lose the answer it has not read
 * yet (RFC 9112 §9.6). So the answer goes out whole, a bounded rest of the request is read and
 * dropped, and only then the connection is closed.
 */
function endLingering(req: IncomingMessage, res: ServerResponse, body: string): void {
  res.setHeader('Connection', 'close')
  res.write(body)
  let left = LINGER_BYTES
  const end = () => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, LINGER_MS).unref()
  req.once('end', end).once('close', end)
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) end()
  })
  req.resume()
}
