import { type Agent, type IncomingMessage, request } from 'node:http'
import type { RawReply } from './heard.ts'

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
}

/** A request without a complete answer. */
export interface Broken {
  /**
   * - `refused`: nobody listens.
   * - `idle_closed`: the connection had been kept idle, and ended before a byte of the answer.
   * - `unaccepted`: a new connection was reset before a byte: it stood in the queue of a server that
   *   stopped listening, and the kernel says no in its place.
   * - `unknown`: the server may have acted on the request.
   */
  readonly broken: 'refused' | 'idle_closed' | 'unaccepted' | 'unknown'
  /** In words, for whoever has to find out why. */
  readonly why: string
}

/** Sends one request over a pool of connections; never throws. */
export function send(
  url: string,
  agent: Agent,
  { path, body, timeoutMs, ...options }: Outgoing,
): Promise<RawReply | Broken> {
  return new Promise((resolve) => {
    const req = request(`${url}${path}`, { ...options, agent, timeout: timeoutMs })
    let readBefore = 0
    req.once('socket', (socket) => {
      readBefore = socket.bytesRead
    })
    req.once('timeout', () => req.destroy(new Error('no answer in time')))
    req.once('error', (error) => {
      const isSilent = req.socket === null || req.socket.bytesRead === readBefore
      const broken = isSilent ? howItBroke(error, req.reusedSocket) : 'unknown'
      resolve({ broken, why: describe(error, req.reusedSocket, isSilent) })
    })
    req.once('response', (res) => {
      readAll(res).then(
        (text) =>
          resolve({ status: res.statusCode ?? 0, retryAfter: res.headers['retry-after'], text }),
        (error: Error) => resolve({ broken: 'unknown', why: describe(error, true, false) }),
      )
    })
    req.end(body)
  })
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.message)

/** A new connection that is reset without a byte may never have been accepted. */
function describe(error: Error, wasReused: boolean, isSilent: boolean): string {
  if (!isSilent) return `${codeOf(error)} in the middle of the answer`
  return `${codeOf(error)} before a byte, on ${wasReused ? 'a kept' : 'a new'} connection`
}

function howItBroke(error: Error, wasIdle: boolean): Broken['broken'] {
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return 'refused'
  if (code !== 'ECONNRESET' && code !== 'EPIPE') return 'unknown'
  return wasIdle ? 'idle_closed' : 'unaccepted'
}

async function readAll(res: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
