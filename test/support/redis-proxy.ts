import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What happens to a request: Redis gets it, but its answer never comes (`hold`) or the connection ends
 * instead (`cut`); or Redis does not get it and the answer is an error (`refuse`).
 */
export type ReplyFault = 'hold' | 'cut' | 'refuse'

const REFUSAL = '-NOREPLICAS Not enough good replicas to write.\r\n'

/** A TCP proxy that lets requests through, but for the faults it is told of. */
export interface RedisProxy {
  readonly url: string
  /** Arms a fault for the next `times` requests that contain `text`. */
  fail(text: string, fault: ReplyFault, times?: number): void
  /** How many requests contained `text`. */
  sent(text: string): number
  stop(): Promise<void>
}

interface Fault {
  readonly text: string
  readonly fault: ReplyFault
  left: number
}

export async function startRedisProxy(port: number): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const faults: Fault[] = []

  const takeFault = (request: string): ReplyFault | undefined => {
    const armed = faults.find(({ text, left }) => left > 0 && request.includes(text))
    if (armed !== undefined) armed.left -= 1
    return armed?.fault
  }

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let fault: Exclude<ReplyFault, 'refuse'> | undefined
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      const request = chunk.toString()
      requests.push(request)
      const taken = takeFault(request)
      if (taken === 'refuse') {
        client.write(REFUSAL)
        return
      }
      fault = taken ?? fault
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (fault === 'cut') end()
      else if (fault === undefined) client.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')

  return {
    url: `redis://127.0.0.1:${address.port}`,
    fail: (text, fault, times = 1) => void faults.push({ text, fault, left: times }),
    sent: (text) => requests.filter((request) => request.includes(text)).length,
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
