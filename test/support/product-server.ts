import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as it stood on the wire when its head had come. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  /** Resolves with the size of the body when it is whole, or null when it broke off. */
  readonly body: Promise<number | null>
}

/** A product of Knox that does what a test tells it, and remembers what it was asked. */
export interface ProductServer {
  readonly url: string
  readonly seen: readonly SeenRequest[]
  clear(): void
  /** From now on. The request's body is read anyway. */
  answer(how: (req: IncomingMessage, res: ServerResponse) => void): void
  close(): Promise<void>
}

/** Starts one on a free port. */
export async function startProductServer(): Promise<ProductServer> {
  const seen: SeenRequest[] = []
  const sockets = new Set<Socket>()
  let how = (_req: IncomingMessage, res: ServerResponse): void => void res.end('{}')
  const server = createServer((req, res) => {
    const { method = '', url = '', rawHeaders } = req
    seen.push({ method, url, rawHeaders, body: sizeOf(req) })
    how(req, res)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    clear() {
      seen.length = 0
      how = (_req, res) => void res.end('{}')
    },
    answer(next) {
      how = next
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function sizeOf(req: IncomingMessage): Promise<number | null> {
  let size = 0
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
  })
  return new Promise((resolve) => {
    req.once('end', () => resolve(size))
    req.once('close', () => resolve(null))
    req.once('error', () => resolve(null))
  })
}
