import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A private key and its certificate chain, PEM. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
}

/** A server that listens. */
export interface Listener {
  /** Origin under which it listens. */
  readonly url: string
  /** Says what answers requests; until then they wait. */
  serve(handler: RequestListener): void
  /** Stops listening and cuts open connections. */
  close(): Promise<void>
}

/** Listens on loopback unless told otherwise. @throws The system's error, e.g. `EADDRINUSE` */
export async function listen(options: {
  readonly host?: string
  readonly port?: number
  readonly tls?: TlsFiles
}): Promise<Listener> {
  const server = options.tls === undefined ? createServer() : createTlsServer({ ...options.tls })
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${hostAndPort(server)}`,
    serve: (handler) => void server.on('request', handler),
    close: () => close(server),
  }
}

function hostAndPort(server: Server): string {
  // Holds because the server listens on a port, not on a pipe.
  const { address, family, port } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
