import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { readByPeer } from './socket-queue.ts'
import { type Link, startPipe, type Tap, type Toxics, type Way } from './tcp-link.ts'

/** A port in front of another one, on which connections suffer what they are told to. */
export interface TcpFaultProxy {
  readonly port: number
  /** Says what bytes suffer on one way from now on, connections that stand included. */
  set(way: Way, toxics: Toxics): void
  /** Takes all toxics away. */
  clear(): void
  /** Resets every connection that stands (RST). */
  reset(): void
  /** Ends one way of every connection that stands; the other way goes on. */
  halfClose(way: Way): void
  /** Nobody listens any more, and no connection stands. */
  shut(): Promise<void>
  open(): Promise<void>
  /** As `shut`, for good. */
  stop(): Promise<void>
}

export interface TcpFaultProxyOptions {
  /** Called for every new connection; gets every byte of it before the toxics do. */
  readonly tap?: (link: Link) => Tap
}

const passing: Tap = (_way, chunk, forward) => forward(chunk)

/** Opens a proxy on a free loopback port. */
export async function startTcpFaultProxy(
  target: number,
  { tap = () => passing }: TcpFaultProxyOptions = {},
): Promise<TcpFaultProxy> {
  const links = new Set<{ readonly client: Socket; readonly server: Socket }>()
  let toxics: Readonly<Record<Way, Toxics>> = { to_server: {}, to_client: {} }
  let change = Promise.withResolvers<void>()

  const apply = (next: typeof toxics): void => {
    toxics = next
    change.resolve()
    change = Promise.withResolvers()
  }
  const weather = { toxics: (way: Way) => toxics[way], changed: () => change.promise }

  function join(client: Socket): void {
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const sockets = { client, server }
    const closed = tieTogether(client, server)
    links.add(sockets)
    void closed.then(() => links.delete(sockets))
    const link: Link = {
      clientPort: client.remotePort ?? 0,
      closed,
      reset: () => resetBoth(sockets),
      inject: (way, bytes) => pipes[way].inject(bytes),
      readByClient: () => readByPeer(client),
    }
    const through = tap(link)
    const pipes = {
      to_server: startPipe({ way: 'to_server', from: client, to: server, weather, tap: through }),
      to_client: startPipe({ way: 'to_client', from: server, to: client, weather, tap: through }),
    }
  }

  let listener = await listen(join, 0)
  const { port } = listener
  const shut = async (): Promise<void> => {
    const { server } = listener
    if (!server.listening) return
    server.close()
    for (const { client, server: upstream } of links) {
      client.destroy()
      upstream.destroy()
    }
    await once(server, 'close')
  }

  return {
    port,
    set: (way, own) => apply({ ...toxics, [way]: { ...own } }),
    clear: () => apply({ to_server: {}, to_client: {} }),
    reset() {
      for (const sockets of links) resetBoth(sockets)
    },
    halfClose(way) {
      for (const { client, server } of links) (way === 'to_client' ? client : server).end()
    },
    shut,
    async open() {
      listener = await listen(join, port)
    },
    stop: shut,
  }
}

async function listen(
  join: (client: Socket) => void,
  at: number,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({ allowHalfOpen: true }, join).listen(at, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('no address')
  return { server, port: address.port }
}

/** A socket that is about to send its end cannot be reset, and trying leaves its handle open for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

function resetBoth({ client, server }: { readonly client: Socket; readonly server: Socket }): void {
  reset(client)
  reset(server)
}

/** An error on one side is a reset on the other. Resolves when both are gone. */
async function tieTogether(client: Socket, server: Socket): Promise<void> {
  const gone = [client, server].map(
    (socket, n, both) =>
      new Promise<void>((resolve) => {
        const other = both[1 - n] ?? socket
        socket.on('error', () => reset(other))
        socket.once('close', () => {
          if (!other.writableEnded) other.destroy()
          resolve()
        })
      }),
  )
  await Promise.all(gone)
}
