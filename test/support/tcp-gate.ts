import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A port in front of another, which can be closed, so that nobody listens there, and opened again. */
export interface TcpGate {
  readonly port: number
  shut(): Promise<void>
  open(): Promise<void>
}

/** Opens a gate on a free loopback port. */
export async function openTcpGate(target: number): Promise<TcpGate> {
  const sockets = new Set<Socket>()
  let server: Server

  async function listen(port: number): Promise<number> {
    server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1')
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  const port = await listen(0)
  return {
    port,
    async shut() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
    async open() {
      await listen(port)
    },
  }
}
