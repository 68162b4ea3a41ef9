import { once } from 'node:events'
import { connect } from 'node:net'
import { tellAnswer } from './heard-answers.ts'

/** An answer as it stood on the wire. */
export interface RawAnswer {
  /** 0 when the connection ended without one. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly text: string
}

const PATIENCE_MS = 10_000

/**
 * Writes bytes to a server and reads until it closes the connection. The request has to ask for
 * that (`Connection: close`), unless it is so broken that the server does it anyway.
 *
 * @throws Error when the server neither answers nor closes.
 */
export async function sendRaw(url: string, ...chunks: readonly (string | Buffer)[]) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const received: Buffer[] = []
  socket.on('data', (chunk) => void received.push(chunk))
  await once(socket, 'connect')
  // A server that refuses early may reset what is still being written.
  socket.on('error', () => {})
  let late = false
  socket.setTimeout(PATIENCE_MS, () => {
    late = true
    socket.destroy()
  })
  const closed = new Promise((resolve) => void socket.once('close', resolve))
  for (const chunk of chunks) socket.write(chunk)
  await closed
  if (late) throw new Error('the server neither answered nor closed the connection')
  const answer = parseAnswer(Buffer.concat(received).toString('latin1'))
  const { status, text: body } = answer
  tellAnswer({ method: 'RAW', url, requestBody: '', status, headers: [], body })
  return answer
}

function parseAnswer(text: string): RawAnswer {
  // An interim answer may stand before the real one.
  const final = text.replace(/^(?:HTTP\/1\.1 1\d\d[^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '')
  const split = final.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = final.slice(0, split).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0)
  return { status, headers, body: final.slice(split + 4), text }
}

/** The head of a request, ended and with `Connection: close`. */
export const head = (requestLine: string, ...lines: readonly string[]): string =>
  `${[requestLine, 'Host: knoxgate.test', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`
