import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Which way bytes go through a proxy. */
export type Way = 'to_server' | 'to_client'

/** What bytes suffer on one way. Everything absent: nothing. */
export interface Toxics {
  /** Bytes are passed on this much later, in their order. */
  readonly latencyMs?: number
  /** And up to this much more, at random. */
  readonly jitterMs?: number
  readonly bytesPerSecond?: number
  /** Bytes are kept, as by a network that has gone; they go on when this is taken away. */
  readonly blackhole?: boolean
  /** Each connection ends when so many bytes have passed, counted from when this was set. */
  readonly cutAfterBytes?: number
}

/** One connection through the proxy. */
export interface Link {
  /** The port from which the client has connected. */
  readonly clientPort: number
  /** Resolves when the connection is gone on both sides. */
  readonly closed: Promise<void>
  /** Resets it on both sides (RST). */
  reset(): void
  /** Sends bytes that nobody has sent; what is under way stands before them. */
  inject(way: Way, bytes: Buffer): Promise<void>
  /** Resolves when the client has read everything it was sent, or is gone. */
  readByClient(): Promise<void>
}

/** Stands in the way of bytes: passes on what it wants, when it wants. */
export type Tap = (way: Way, chunk: Buffer, forward: Forward) => Promise<void>

export type Forward = (bytes: Buffer) => Promise<void>

/** What is in force, and when that changes. */
export interface Weather {
  toxics(way: Way): Toxics
  /** Resolves at the next change. */
  changed(): Promise<void>
}

/** Bytes that wait for one receiver, beyond which the sender is not read from. */
const HIGH_WATER = 1 << 20
/** Where bandwidth is limited, bytes go in pieces this often. */
const PIECES_PER_SECOND = 20

export interface PipeOptions {
  readonly way: Way
  readonly from: Socket
  readonly to: Socket
  readonly weather: Weather
  readonly tap: Tap
}

/** One way of a connection. */
export interface Pipe {
  /** Sends bytes of our own, not through the tap. */
  inject(bytes: Buffer): Promise<void>
}

/** Carries bytes from one socket to another until one of them is gone; an end is carried, too. */
export function startPipe({ way, from, to, weather, tap }: PipeOptions): Pipe {
  const arrived: { readonly chunk: Buffer | null; readonly at: number }[] = []
  let waiting = 0
  let isPumping = false
  let counted: { toxics: Toxics; bytes: number } | undefined

  const arrive = (chunk: Buffer | null): void => {
    arrived.push({ chunk, at: performance.now() })
    waiting += chunk?.length ?? 0
    if (waiting > HIGH_WATER) from.pause()
    void pump()
  }
  from.on('data', arrive)
  from.on('end', () => arrive(null))

  async function pump(): Promise<void> {
    if (isPumping) return
    isPumping = true
    for (let next = arrived.shift(); next !== undefined; next = arrived.shift()) {
      const { chunk, at } = next
      if (chunk === null) await end()
      else await tap(way, chunk, (bytes) => send(bytes, at))
      waiting -= chunk?.length ?? 0
      if (waiting <= HIGH_WATER) from.resume()
    }
    isPumping = false
  }

  async function weathered(): Promise<Toxics> {
    while (weather.toxics(way).blackhole === true) await weather.changed()
    return weather.toxics(way)
  }

  async function end(): Promise<void> {
    await weathered()
    to.end()
  }

  async function send(bytes: Buffer, at: number): Promise<void> {
    const { latencyMs = 0, jitterMs = 0 } = await weathered()
    const dueAt = at + latencyMs + Math.random() * jitterMs
    const delayMs = latencyMs + jitterMs > 0 ? dueAt - performance.now() : 0
    if (delayMs > 0) await wait(delayMs)
    const toxics = await weathered()
    const left = bytesLeft(toxics)
    await write(bytes.subarray(0, left), toxics.bytesPerSecond)
    if (counted !== undefined) counted.bytes += bytes.length
    if (bytes.length >= left) cut()
  }

  function bytesLeft(toxics: Toxics): number {
    if (toxics.cutAfterBytes === undefined) return Number.POSITIVE_INFINITY
    if (counted?.toxics !== toxics) counted = { toxics, bytes: 0 }
    return Math.max(0, toxics.cutAfterBytes - counted.bytes)
  }

  /** Ends both sides, so that the receiver can still read what it was sent. */
  function cut(): void {
    to.end(() => to.destroy())
    from.destroy()
  }

  async function write(bytes: Buffer, perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    const size = Math.max(1, Math.floor(perSecond / PIECES_PER_SECOND))
    for (let at = 0; at < bytes.length; at += size) {
      if (to.destroyed || to.writableEnded) return
      if (!to.write(bytes.subarray(at, at + size))) await drained(to)
      if (size < Number.POSITIVE_INFINITY) await wait(1000 / PIECES_PER_SECOND)
    }
  }

  return { inject: (bytes) => send(bytes, performance.now()) }
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
