import { once } from 'node:events'
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
} from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Certificate, makeCertificate } from './certificates.ts'
import { tellAnswer } from './heard-answers.ts'

/** One request of a browser, as it came out of TLS. */
export interface SeenRequest {
  readonly method: string
  readonly host: string
  /** Path and query. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

/** Ends TLS for several hosts on one loopback port, as a reverse proxy would. */
export interface TlsFront {
  readonly port: number
  readonly certificate: Certificate
  /** Every request, oldest first, those for unknown hosts included. */
  readonly seen: readonly SeenRequest[]
  close(): Promise<void>
}

/**
 * Starts the front with a certificate for its hosts; any other host is answered with 404.
 *
 * @param hosts - What answers for each host name.
 */
export async function startTlsFront(
  hosts: Readonly<Record<string, RequestListener>>,
): Promise<TlsFront> {
  const seen: SeenRequest[] = []
  const certificate = makeCertificate(Object.keys(hosts), Date.now())
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (req, res) => {
    const { method = '', headers, url: target = '' } = req
    const host = headers.host ?? ''
    seen.push({ method, host, target, headers })
    const answer = Object.hasOwn(hosts, host) ? hosts[host] : undefined
    if (answer === undefined) res.writeHead(404).end()
    else answer(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // The address of a listening TCP server is never a string or null.
    port: (server.address() as AddressInfo).port,
    certificate,
    seen,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Passes requests on to a plain http origin, and changes nothing in them. */
export function forwardTo(origin: string): RequestListener {
  return (req, res) => {
    const { method, headers } = req
    const url = `${origin}${req.url}`
    const onward = request(url, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
      tellOf(answer, { method: method ?? '', url })
    })
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  }
}

/** Tells those who listen what was passed on. */
function tellOf(answer: IncomingMessage, of: { readonly method: string; readonly url: string }) {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => void chunks.push(chunk))
  answer.on('end', () => {
    const { statusCode: status = 0, headersDistinct } = answer
    const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value) => [name, value] as const),
    )
    const body = Buffer.concat(chunks).toString('latin1')
    tellAnswer({ ...of, requestBody: '', status, headers, body })
  })
}
