import { Agent } from 'undici'
import type { Clock } from '../shared/time.ts'
import type { AddressGuard } from './address-guard.ts'
import { exchange, type ResponseFact } from './exchange.ts'
import { createGate, type Gate } from './gate.ts'
import { type Outbound, OutboundError } from './outbound.ts'

/** Connections to one origin. Samsung documents no limit; a request takes well under a second. */
const CONNECTIONS_PER_ORIGIN = 64

/**
 * Requests that wait for one of them. What is further behind would be late anyway: in five seconds 64
 * connections answer about this many when each answer takes 80 ms.
 */
const WAITING_PER_ORIGIN = 4096

/** Of an answer, trailers included; whatever `--max-http-header-size` says. */
export const MAX_HEAD_BYTES = 16_384

export interface OutboundOptions {
  /** Origins of the configuration; a URL must have exactly one of these. */
  readonly allowedOrigins: readonly string[]
  /** Hard cap from the call to the last byte of the answer, waiting for a connection included. */
  readonly timeoutMs: number
  readonly responseLimitBytes: number
  readonly clock: Clock
  /** Judges every address before it is connected to; any will do when absent. */
  readonly guard?: AddressGuard
  /** Told about the head of every answer. Must not throw. */
  readonly onResponse?: (fact: ResponseFact) => void
}

/**
 * Creates the way out, on connections of its own: HTTP/1.1, one request at a time on each, nothing
 * retried, no redirect followed, no content encoding accepted, certificates checked whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says, and addresses judged by the guard.
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { timeoutMs, responseLimitBytes, clock, guard, onResponse = () => {} } = options
  const gates = new Map<string, Gate>(
    options.allowedOrigins.map((url) => [
      new URL(url).origin,
      createGate(CONNECTIONS_PER_ORIGIN, WAITING_PER_ORIGIN),
    ]),
  )
  const agent = createAgent(timeoutMs, guard)

  /** Where a request may go, and what it waits at. @throws OutboundError */
  function permit(text: string): readonly [url: URL, gate: Gate] {
    const url = parseUrl(text)
    const gate = url === null ? undefined : gates.get(url.origin)
    if (url === null || gate === undefined) throw new OutboundError('host_not_allowed', false)
    if (guard === undefined || guard.admits(url.hostname)) return [url, gate]
    throw new OutboundError('address_not_allowed', false)
  }

  return {
    async request(request) {
      const [url, gate] = permit(request.url)
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

const createAgent = (timeoutMs: number, guard: AddressGuard | undefined): Agent =>
  new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    // One deadline covers all phases.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
    connect: {
      timeout: timeoutMs,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(guard === undefined ? {} : { lookup: guard.lookup }),
    },
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
