import type { Readable } from 'node:stream'
import { Agent, type Dispatcher } from 'undici'
import type { Clock, EpochMs } from '../shared/time.ts'
import { ADDRESS_REFUSED, type AddressGuard } from './address-guard.ts'
import { factOf, type ResponseFact, reasonOf } from './exchange.ts'
import { OutboundError, type OutboundReason } from './outbound.ts'
import { MAX_HEAD_BYTES } from './undici-outbound.ts'

/** Connections to one origin; callers wait for one of them as long as their `signal` lets them. */
const CONNECTIONS_PER_ORIGIN = 256
const MAX_INFORMATIONAL = 8

/** One request whose body, and whose answer, are not held in memory. */
export interface StreamRequest {
  readonly method: string
  readonly origin: string
  /** Path and query, sent letter by letter. */
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** A stream is sent in chunks, unless `headers` say how long it is. */
  readonly body: Uint8Array | Readable | null
  /** Ends the exchange, wherever it is, the answer's body included. */
  readonly signal: AbortSignal
}

export interface StreamResponse {
  /** Never 1xx. */
  readonly status: number
  /** Names and values in turn, as they came; trailers are dropped. */
  readonly headers: readonly string[]
  /** Fails with an error of undici when the answer breaks off or its length is wrong: see `reasonOf`. */
  readonly body: Readable
}

/** The way out for what is passed on: the same hosts and addresses as {@link Outbound}, no other limits. */
export interface StreamOutbound {
  /** Resolves with the head of the answer. Redirects are answers. @throws OutboundError */
  stream(request: StreamRequest): Promise<StreamResponse>
  /** Ends everything that is under way. */
  close(): Promise<void>
}

export interface StreamOutboundOptions {
  readonly allowedOrigins: readonly string[]
  readonly connectTimeoutMs: number
  readonly clock: Clock
  readonly guard?: AddressGuard
  /** Told about the head of every answer. Must not throw. */
  readonly onResponse?: (fact: ResponseFact) => void
}

/** Creates the way out, on connections of its own: a slow download keeps no token request waiting. */
export function createStreamOutbound(options: StreamOutboundOptions): StreamOutbound {
  const { clock, guard, onResponse = () => {} } = options
  const allowed = new Set(options.allowedOrigins.map((url) => new URL(url).origin))
  const agent = createAgent(options)

  function assertAllowed(origin: string): void {
    if (!allowed.has(origin)) throw new OutboundError('host_not_allowed', false)
    if (guard?.admits(new URL(origin).hostname) === false)
      throw new OutboundError('address_not_allowed', false)
  }

  async function ask(request: StreamRequest): Promise<Dispatcher.ResponseData> {
    let informational = 0
    const tooMany = new AbortController()
    try {
      return await agent.request({
        ...request,
        method: request.method as Dispatcher.HttpMethod,
        headers: [...request.headers],
        responseHeaders: 'raw',
        signal: AbortSignal.any([request.signal, tooMany.signal]),
        onInfo: () => {
          informational += 1
          if (informational > MAX_INFORMATIONAL) tooMany.abort()
        },
      })
    } catch (error) {
      if (tooMany.signal.aborted) throw new OutboundError('unreadable', true)
      throw toOutboundError(error, request.signal)
    }
  }

  return {
    async stream(request) {
      assertAllowed(request.origin)
      if (request.signal.aborted) throw new OutboundError('timeout', false)
      const requestedAt = clock()
      const { statusCode: status, headers: raw, body } = await ask(request)
      // A body that nobody reads any more may still fail.
      body.on('error', () => {})
      const headers = Array.isArray(raw) ? raw.map(String) : Object.entries(raw).flat(2).map(String)
      tell(request.origin, { status, headers, requestedAt })
      if (isChunkedAtMost(headers)) return { status, headers, body }
      body.destroy()
      throw new OutboundError('unreadable', true)
    },
    close: () => agent.destroy(),
  }

  function tell(origin: string, answer: Head): void {
    const headers = new Map<string, string>()
    for (const name of ['date', 'age']) {
      const [value] = valuesOf(answer.headers, name)
      if (value !== undefined) headers.set(name, value)
    }
    const { status, requestedAt } = answer
    onResponse(factOf(new URL(origin).host, { status, headers, requestedAt, receivedAt: clock() }))
  }
}

interface Head {
  readonly status: number
  readonly headers: readonly string[]
  readonly requestedAt: EpochMs
}

const valuesOf = (headers: readonly string[], name: string): readonly string[] =>
  headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name)

/** A coding beside `chunked` was not asked for, and is not for us to undo. */
const isChunkedAtMost = (headers: readonly string[]): boolean =>
  valuesOf(headers, 'transfer-encoding').every((one) => one.trim().toLowerCase() === 'chunked')

const createAgent = ({ connectTimeoutMs, guard }: StreamOutboundOptions): Agent =>
  new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // Whoever asks watches the time.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
    connect: {
      timeout: connectTimeoutMs,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(guard === undefined ? {} : { lookup: guard.lookup }),
    },
  })

/** Failures before a byte was written. */
const UNSENT = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  ADDRESS_REFUSED,
]

function toOutboundError(error: unknown, signal: AbortSignal): OutboundError {
  if (signal.aborted) return new OutboundError('timeout', true)
  const reason: OutboundReason = error instanceof Error ? reasonOf(error) : 'unreachable'
  return new OutboundError(reason, !UNSENT.includes(codeOf(error)))
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
