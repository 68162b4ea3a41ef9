import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { type Outbound, OutboundError } from '../../../src/outbound/outbound.ts'

/** A listening server on 127.0.0.1. */
export interface TestServer {
  readonly origin: string
  close(): Promise<void>
}

/** Starts anything that listens, and closes it with all its connections. */
export async function listen(server: net.Server, scheme = 'http'): Promise<TestServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Starts an HTTP server. */
export const serve = (listener: RequestListener): Promise<TestServer> =>
  listen(createServer(listener))

/** Starts a server that answers every request head with the same bytes, or does what it is told. */
export const serveRaw = (onRequest: (socket: Socket) => void): Promise<TestServer> =>
  listen(
    net.createServer((socket) => {
      socket.on('data', () => onRequest(socket))
    }),
  )

/** The `OutboundError` of a POST, as text: `reason, sent` or `reason, not sent`. */
export async function failureOf(outbound: Outbound, url: string): Promise<string> {
  try {
    const { status } = await outbound.request({ method: 'POST', url, headers: {}, body: 'a=b' })
    return `answered ${status}`
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    return `${error.reason}, ${error.sent ? 'sent' : 'not sent'}`
  }
}
