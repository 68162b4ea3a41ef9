import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { type Parsed, parseAnswers, type RawAnswer } from './answers.ts'
import { settled, toBytes, type Values } from './bytes.ts'
import type { Exchange, FuzzRequest } from './exchange.ts'

/** What came of an exchange. */
export interface Delivered {
  readonly answers: readonly RawAnswer[]
  /** What the connection itself did wrong. */
  readonly faults: readonly string[]
  readonly ms: number
}

/** Longer than anything takes but a server that has lost a request. */
const PATIENCE_MS = 20_000
/** After which a request that is not whole is ended: its server waits for the rest. */
const UNFINISHED_MS = 150

/** Carries an exchange out on a connection of its own; never throws. */
export async function deliver(
  ports: Readonly<Record<Exchange['listener'], number>>,
  symbolic: Exchange,
  values: Values,
): Promise<Delivered> {
  const exchange = settled(symbolic, values)
  const { requests, ending, listener } = exchange
  const startedAt = performance.now()
  const socket = connect({ port: ports[listener], host: '127.0.0.1', allowHalfOpen: true })
  const methods = requests.map(({ method }) => method)
  const faults: string[] = []
  let received = ''
  let parsed: Parsed = { answers: [], rest: '' }
  let isLate = false

  const closed = new Promise<void>((resolve) => {
    const parse = (hasEnded: boolean) => {
      try {
        parsed = parseAnswers(received, methods, hasEnded)
      } catch (error) {
        faults.push(error instanceof RangeError ? error.message : 'the answer cannot be read')
        socket.destroy()
      }
      if (ending === 'wait' && parsed.answers.length >= requests.length) socket.destroy()
    }
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      parse(false)
    })
    // Whoever refuses early may reset what is still being written.
    socket.on('error', () => {})
    socket.on('end', () => {
      parse(true)
      socket.end()
    })
    socket.on('close', () => resolve())
  })
  const timer = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, PATIENCE_MS)
  const isWhole = exchange.share === 1 && requests.every(isPlain)
  const nudge = isWhole ? undefined : setTimeout(() => socket.end(), UNFINISHED_MS)
  await write(exchange, toBytes(exchange, values), socket)
  await closed
  clearTimeout(timer)
  clearTimeout(nudge)
  const [first] = requests
  if (isLate) faults.push('the server neither answered nor closed the connection')
  else if (isWhole && ending === 'wait' && first !== undefined && parsed.answers.length === 0)
    faults.push('the connection ended without an answer')
  return { answers: parsed.answers, faults, ms: performance.now() - startedAt }
}

async function write(
  { pieces, ending }: Exchange,
  text: string,
  socket: ReturnType<typeof connect>,
): Promise<void> {
  const size = Math.max(1, Math.ceil(text.length / pieces))
  for (let at = 0; at < text.length && !socket.destroyed; at += size) {
    socket.write(Buffer.from(text.slice(at, at + size), 'latin1'))
    if (pieces > 1) await setImmediate()
  }
  if (ending === 'end') socket.end()
  if (ending === 'reset') {
    if (socket.connecting) await new Promise((resolve) => socket.once('connect', resolve))
    socket.resetAndDestroy()
  }
}

/** Headers by which a request is not what it seems, or its answer may be none. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'upgrade', 'expect', 'connection'])
/** More than is read before an answer may be reset away. */
const MOST_BYTES = 8192

/** Whether this request is whole, and must have an answer. */
function isPlain({ method, target, version, headers, body }: FuzzRequest): boolean {
  const isFramed = body === null || body.framing === 'length' || body.framing === 'chunked'
  const bytes = headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    target.length + (body?.content.length ?? 0),
  )
  const isOdd = headers.some(([name]) => FRAMING.has(name.toLowerCase()))
  return isFramed && !isOdd && bytes < MOST_BYTES && method !== 'CONNECT' && version === 'HTTP/1.1'
}
