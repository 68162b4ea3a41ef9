import { ACCESS_TOKEN_PATH, TOKEN_PATH } from '../../src/sandbox/urls.ts'
import type { Exchange, RedisFaultProxy } from '../../test/support/redis-fault-proxy.ts'
import type { HttpFaultProxy, HttpVisit } from './http-proxy.ts'
import { concerns, kindOfWrite, type WriteKind, waitBehind, writtenConnection } from './intents.ts'
import type { Release, Tripwire } from './tripwire.ts'

/** Everything through which one process talks to others. */
export interface Ways {
  readonly redis: RedisFaultProxy
  /** To Samsung Account and to Knox. */
  readonly upstream: HttpFaultProxy
  /** From the portal. */
  readonly portal: HttpFaultProxy
}

/** The connection that is about to be renewed. */
export interface Aim {
  readonly connectionId: string
  readonly generation: number
}

/** One point of a renewal at which a process may end. */
export interface Point {
  readonly id: string
  readonly name: string
  /** Sets the wire on the ways of a process; nothing gets past the point until it is released. */
  readonly set: (wire: Tripwire, ways: Ways, aim: Aim) => void
}

/** Acts at the first command, reply or passed-on reply that matches. */
const atRedis =
  (
    at: 'command' | 'reply' | 'replied',
    matching: (ways: Ways, aim: Aim) => (exchange: Exchange) => boolean,
  ) =>
  (wire: Tripwire, ways: Ways, aim: Aim): void => {
    const act = async (exchange: Exchange): Promise<Release> => {
      if (at === 'replied') await exchange.link.readByClient()
      return wire.trip()
    }
    ways.redis.on({ at, matches: matching(ways, aim), act })
  }

const isWrite =
  (kind: WriteKind, { connectionId, generation }: Aim) =>
  (exchange: Exchange): boolean => {
    const written = writtenConnection(exchange)
    return written?.id === connectionId && kindOfWrite(written, generation) === kind
  }

const write = (kind: WriteKind) => (_ways: Ways, aim: Aim) => isWrite(kind, aim)

const wait = (kind: WriteKind) => (ways: Ways, aim: Aim) =>
  waitBehind(ways.redis, isWrite(kind, aim))

type HttpMatch = (visit: HttpVisit) => boolean

const tokenRequest =
  (moment: HttpVisit['moment']): HttpMatch =>
  (visit) =>
    visit.moment === moment && visit.path === TOKEN_PATH

const knoxRequest: HttpMatch = ({ moment, path }) =>
  moment === 'requested' && path === ACCESS_TOKEN_PATH

const connected: HttpMatch = ({ moment }) => moment === 'connected'

/** Acts at the first moment that matches, and every later one. */
const atUpstream =
  (matches: HttpMatch) =>
  (wire: Tripwire, { upstream }: Ways): void =>
    upstream.on((visit) => (matches(visit) ? wire.trip() : undefined))

/** Keeps a process from getting further than a point that is known only once it is behind it. */
const holdUpstream = (matches: HttpMatch, wire: Tripwire, { upstream }: Ways): void =>
  upstream.on((visit) => (matches(visit) ? wire.hold() : undefined))

/** The points, in the order in which a renewal passes them. */
export const POINTS: readonly Point[] = [
  {
    id: 'F0',
    name: 'before the intent',
    set: atRedis('command', (_ways, { connectionId }) => concerns(connectionId)),
  },
  { id: 'F1', name: 'intent stored', set: atRedis('reply', wait('begin')) },
  {
    id: 'F2',
    name: 'intent replicated',
    set(wire, ways, aim) {
      holdUpstream(connected, wire, ways)
      atRedis('replied', wait('begin'))(wire, ways, aim)
    },
  },
  { id: 'F3', name: 'connected to Samsung', set: atUpstream(connected) },
  { id: 'F4', name: 'request written', set: atUpstream(tokenRequest('requested')) },
  { id: 'F5', name: 'Samsung acted, no answer', set: atUpstream(tokenRequest('answering')) },
  { id: 'F6', name: 'headers received', set: atUpstream(tokenRequest('head')) },
  { id: 'F7', name: 'half the body received', set: atUpstream(tokenRequest('half')) },
  {
    id: 'F8',
    name: 'answer received',
    set(wire, ways, aim) {
      atRedis('command', write('commit'))(wire, ways, aim)
    },
  },
  { id: 'F9', name: 'tokens stored, not told', set: atRedis('reply', write('commit')) },
  { id: 'F10', name: 'tokens stored', set: atRedis('reply', wait('commit')) },
  {
    id: 'F11',
    name: 'tokens replicated',
    set(wire, ways, aim) {
      holdUpstream(knoxRequest, wire, ways)
      atRedis('replied', wait('commit'))(wire, ways, aim)
    },
  },
  { id: 'F12', name: 'Knox asked', set: atUpstream(knoxRequest) },
  {
    id: 'F13',
    name: 'answer to the portal',
    set: (wire, { portal }) =>
      portal.on(({ moment }) => (moment === 'answering' ? wire.trip() : undefined)),
  },
]
