import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Servers of a topology connect from here, clients from 127.0.0.1: so a front can tell them apart. */
export const PEER_ADDRESS = '127.0.0.2'

/** Who is cut off from a server: the other servers and the sentinels, the clients, or all of them. */
export type Cut = 'none' | 'peers' | 'clients' | 'all'

/** A port in front of a server, behind which it can be split off as by a network that has gone. */
export interface TcpPartition {
  readonly port: number
  /**
   * From now on bytes between the server and these are kept, on connections that stand and on new ones,
   * and so is the news that one has ended. What is no longer cut goes on where it stood.
   */
  cut(whom: Cut): void
  /** New connections lead to another server, as after a change of a name; those that stand stay. */
  lead(target: number): void
  /** Ends all connections that stand. */
  drop(): void
  stop(): Promise<void>
}

interface Passage {
  readonly side: 'peers' | 'clients'
  update(): void
  end(): void
}

/** Opens the front on a free loopback port. */
export async function startTcpPartition(first: number): Promise<TcpPartition> {
  const passages = new Set<Passage>()
  let target = first
  let state: Cut = 'none'
  const isCut = (side: Passage['side']): boolean => state === 'all' || state === side

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const side = near.remoteAddress === PEER_ADDRESS ? 'peers' : 'clients'
    const passage = join(near, far, side, () => isCut(side))
    passages.add(passage)
    for (const socket of [near, far])
      socket.once('close', () => near.destroyed && far.destroyed && passages.delete(passage))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')

  const drop = (): void => {
    for (const passage of passages) passage.end()
  }

  return {
    port: address.port,
    cut(whom) {
      state = whom
      for (const passage of passages) passage.update()
    },
    lead(next) {
      target = next
    },
    drop,
    async stop() {
      server.close()
      drop()
      await once(server, 'close')
    },
  }
}

/** Carries bytes both ways while nothing is cut. */
function join(near: Socket, far: Socket, side: Passage['side'], isCut: () => boolean): Passage {
  const ways = [
    [near, far],
    [far, near],
  ] as const
  const carry = (from: Socket, to: Socket): void => {
    if (isCut()) from.pause()
    else if (from.destroyed) to.destroy()
    else if (!to.writableNeedDrain) from.resume()
  }
  const update = (): void => {
    for (const [from, to] of ways) carry(from, to)
  }
  for (const [from, to] of ways) {
    from.on('error', () => {})
    from.on('close', update)
    from.on('data', (chunk) => {
      if (!to.destroyed && !to.write(chunk)) from.pause()
    })
    to.on('drain', () => carry(from, to))
  }
  update()
  return {
    side,
    update,
    end() {
      near.destroy()
      far.destroy()
    },
  }
}
