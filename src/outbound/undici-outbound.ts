import { Agent } from 'undici'
import type { Clock } from '../shared/time.ts'
import { exchange, type ResponseFact } from './exchange.ts'
import { createGate, type Gate } from './gate.ts'
import { type Outbound, OutboundError } from './outbound.ts'

/** Connections to one origin. Samsung documents no limit; a request takes well under a second. */
const CONNECTIONS_PER_ORIGIN = 64

export interface OutboundOptions {
  /** Origins of the configuration; a URL must have exactly one of these. */
  readonly allowedOrigins: readonly string[]
  /** Hard cap from the call to the last byte of the answer, waiting for a connection included. */
  readonly timeoutMs: number
  readonly responseLimitBytes: number
  readonly clock: Clock
  /** Told about the head of every answer. Must not throw. */
  readonly onResponse?: (fact: ResponseFact) => void
}

/**
 * Creates the way out, on connections of its own: HTTP/1.1, one request at a time on each, nothing
 * retried, no redirect followed, no content encoding accepted, and certificates checked whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says.
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { timeoutMs, responseLimitBytes, clock, onResponse = () => {} } = options
  const gates = new Map<string, Gate>(
    options.allowedOrigins.map((url) => [new URL(url).origin, createGate(CONNECTIONS_PER_ORIGIN)]),
  )
  const agent = createAgent(timeoutMs)

  return {
    async request(request) {
      const url = parseUrl(request.url)
      const gate = url === null ? undefined : gates.get(url.origin)
      if (url === null || gate === undefined) throw new OutboundError('host_not_allowed', false)
      const deadline = startDeadline(timeoutMs)
      const headers = { ...request.headers, ...OWN_HEADERS }
      const { signal, isOver } = deadline
      const context = { clock, limitBytes: responseLimitBytes, signal, isOver, onResponse }
      try {
        const leave = await gate.enter(signal)
        return await exchange(agent, url, { ...request, headers }, context).finally(leave)
      } finally {
        deadline.stop()
      }
    },
    close: () => agent.close(),
  }
}

const createAgent = (timeoutMs: number): Agent =>
  new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // One deadline covers all phases.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: timeoutMs, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
  })

const OWN_HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'knoxgate' }

/** Credentials in a URL would go out as a header that nobody configured. */
function parseUrl(text: string): URL | null {
  const url = URL.parse(text)
  return url === null || url.username !== '' || url.password !== '' ? null : url
}

interface Deadline {
  /** Told one turn late. */
  readonly signal: AbortSignal
  readonly isOver: () => boolean
  stop(): void
}

/**
 * A process that stood still (a paused machine, a long collection) finds its timers due before it looks
 * at its sockets. So an answer that has come meanwhile is read before it is given up: with a rotating
 * refresh token it may be the only copy.
 */
function startDeadline(ms: number): Deadline {
  const controller = new AbortController()
  const endsAt = performance.now() + ms
  const timer = setTimeout(() => setImmediate(() => controller.abort()), ms)
  return {
    signal: controller.signal,
    isOver: () => performance.now() >= endsAt,
    stop: () => clearTimeout(timer),
  }
}
