import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createRespSplitter } from './resp.ts'

/** What a client needs of a sentinel, at moments that a real one does not let us choose. */
export interface FakeSentinel {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  /** Answers no more who asks for the master; resolves when somebody has asked. */
  hold(): Promise<void>
  /** Tells all who have subscribed that another server is the master now. */
  announce(): void
  /** Answers those who have asked, and all who will. */
  release(): void
  stop(): Promise<void>
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const list = (...items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`

const CHANNEL = '+switch-master'

/** Starts one that names a server on a loopback port as the master, under the name `knox`. */
export async function startFakeSentinel(masterPort: number): Promise<FakeSentinel> {
  const sockets = new Set<Socket>()
  const subscribers = new Set<Socket>()
  const held: (() => void)[] = []
  let asked: PromiseWithResolvers<void> | undefined

  function answer(socket: Socket, command: readonly string[]): void {
    const [name = '', sub = ''] = command.map((word) => word.toLowerCase())
    const say = (text: string): void => void socket.write(text)
    if (name === 'subscribe') {
      subscribers.add(socket)
      say(list(bulk('subscribe'), bulk(CHANNEL), ':1\r\n'))
    } else if (sub === 'get-master-addr-by-name') {
      const tell = (): void => say(list(bulk('127.0.0.1'), bulk(`${masterPort}`)))
      if (asked === undefined) tell()
      else held.push(tell)
      asked?.resolve()
    } else say(list())
  }

  const server = createServer((socket) => {
    const split = createRespSplitter()
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      subscribers.delete(socket)
    })
    socket.on('data', (chunk) => {
      for (const { value } of split(chunk))
        answer(socket, Array.isArray(value) ? value.map(String) : [])
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')

  return {
    url: `redis+sentinel://127.0.0.1:${address.port}/knox`,
    hold() {
      asked = Promise.withResolvers()
      return asked.promise
    },
    announce() {
      for (const socket of subscribers)
        socket.write(list(bulk('message'), bulk(CHANNEL), bulk('knox')))
    },
    release() {
      asked = undefined
      for (const tell of held.splice(0)) tell()
    },
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
