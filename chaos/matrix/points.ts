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
  /** What becomes of the bytes that are held when the process is stopped, and not ended. */
  readonly whenStopped: Release
  /** What the process is started with for this point. */
  readonly environment?: Readonly<Record<string, string>>
  /** There is nothing new to learn from ending the process here. */
  readonly onlyStopped?: true
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

/** Acts at the first moment that matches; what the process was sent by then, it has read. */
const atUpstream =
  (matches: HttpMatch) =>
  (wire: Tripwire, { upstream }: Ways): void => {
    const trip = async ({ link }: HttpVisit): Promise<Release> => {
      await link.readByClient()
      return wire.trip()
    }
    upstream.on((visit) => (matches(visit) ? trip(visit) : undefined))
  }

/** Keeps a process from getting further than a point that is known only once it is behind it. */
const holdUpstream = (matches: HttpMatch, wire: Tripwire, { upstream }: Ways): void =>
  upstream.on((visit) => (matches(visit) ? wire.hold() : undefined))

/** What is on its way between the process and Samsung is lost: it was stopped for long. */
const lost = (id: string, name: string, set: Point['set']): Point => ({
  id,
  name,
  whenStopped: 'cut',
  set,
})

/** What is on its way arrives, and is there when the process goes on. */
const kept = (id: string, name: string, set: Point['set']): Point => ({
  id,
  name,
  whenStopped: 'pass',
  set,
})

/** The same point once more, but that what is on its way arrives while the process is stopped. */
const alsoKept = ({ id, set }: Point, name: string): Point => ({
  ...kept(`${id}+`, name, set),
  onlyStopped: true,
})

/**
 * With these, a process that was stopped still waits for the answer to its intent when it goes on, and
 * takes what it reads for permission to spend, unless it looks at its lease.
 */
const PATIENT = { KNOXGATE_STORE_TIMEOUT: '10s', KNOXGATE_STORE_REQUEST_BUDGET: '10s' }

const setIntentReplicated: Point['set'] = (wire, ways, aim) => {
  holdUpstream(connected, wire, ways)
  atRedis('replied', wait('begin'))(wire, ways, aim)
}

const setTokensReplicated: Point['set'] = (wire, ways, aim) => {
  holdUpstream(knoxRequest, wire, ways)
  atRedis('replied', wait('commit'))(wire, ways, aim)
}

const setPortalAnswer: Point['set'] = (wire, { portal }) =>
  portal.on(({ moment }) => (moment === 'answering' ? wire.trip() : undefined))

const REQUEST = lost('F4', 'request written', atUpstream(tokenRequest('requested')))
const ACTED = lost('F5', 'Samsung acted, no answer', atUpstream(tokenRequest('answering')))
const HEAD = lost('F6', 'headers received', atUpstream(tokenRequest('head')))
const HALF = lost('F7', 'half the body received', atUpstream(tokenRequest('half')))

const touched = atRedis('command', (_ways, { connectionId }) => concerns(connectionId))

/** The points, in the order in which a renewal passes them. */
export const POINTS: readonly Point[] = [
  kept('F0', 'before the intent', touched),
  { ...kept('F1', 'intent stored', atRedis('reply', wait('begin'))), environment: PATIENT },
  lost('F2', 'intent replicated', setIntentReplicated),
  lost('F3', 'connected to Samsung', atUpstream(connected)),
  REQUEST,
  alsoKept(REQUEST, 'request arrives meanwhile'),
  ACTED,
  alsoKept(ACTED, 'answer arrives meanwhile'),
  HEAD,
  alsoKept(HEAD, 'body arrives meanwhile'),
  HALF,
  alsoKept(HALF, 'rest arrives meanwhile'),
  kept('F8', 'answer received', atRedis('command', write('commit'))),
  kept('F9', 'tokens stored, not told', atRedis('reply', write('commit'))),
  kept('F10', 'tokens stored', atRedis('reply', wait('commit'))),
  kept('F11', 'tokens replicated', setTokensReplicated),
  kept('F12', 'Knox asked', atUpstream(knoxRequest)),
  kept('F13', 'answer to the portal', setPortalAnswer),
]

/** The points of these names, `F5` standing for `F5+` as well; all for none. @throws RangeError */
export function pointsNamed(names: readonly string[]): readonly Point[] {
  const unknown = names.find((name) => POINTS.every(({ id }) => id !== name))
  if (unknown !== undefined) throw new RangeError(`there is no point ${unknown}, but F0 to F13`)
  if (names.length === 0) return POINTS
  return POINTS.filter(({ id }) => names.includes(id) || names.includes(id.replace('+', '')))
}
