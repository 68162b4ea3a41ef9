import fc from 'fast-check'
import { bodyOf } from './bodies.ts'
import { ENDINGS, type Exchange, type FuzzRequest, type Listener } from './exchange.ts'
import { headersOf } from './headers.ts'
import { FUZZ_ROUTES, type FuzzRoute } from './routes.ts'
import { targetOf } from './targets.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']
/** No method, or none of HTTP's. */
const NO_METHODS = ['get', 'GEHT', 'PROPFIND', 'M-SEARCH', '', 'GET\x00', 'PRI']

const VERSIONS = ['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/9', 'http/1.1', '']

function methodOf({ methods }: FuzzRoute): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...methods) },
    { weight: 8, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 1, arbitrary: fc.constantFrom(...NO_METHODS) },
  )
}

const version = fc.oneof(
  { weight: 60, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 1, arbitrary: fc.constantFrom(...VERSIONS) },
)

/** A request to a route; one that takes a body mostly has one. */
function requestTo(route: FuzzRoute): fc.Arbitrary<FuzzRequest> {
  const { listener, body: kind } = route
  const method = methodOf(route)
  const rest = fc.record({ target: targetOf(route), version })
  return fc.tuple(method, rest, bodyOf(kind)).chain(([verb, head, given]) => {
    const takesNone = verb === 'GET' || verb === 'HEAD' || verb === 'DELETE'
    const body = takesNone && kind !== undefined ? null : given
    return headersOf(listener, kind, body !== null).map((headers) => ({
      ...head,
      method: verb,
      headers,
      body,
    }))
  })
}

const requestsOf = (listener: Listener): fc.Arbitrary<FuzzRequest> =>
  fc.oneof(
    ...FUZZ_ROUTES.filter((one) => one.listener === listener).map((one) => ({
      // Behind this one is most of the service, and Samsung.
      weight: one.body === 'token' ? 6 : 1,
      arbitrary: requestTo(one),
    })),
  )

const REQUESTS = { public: requestsOf('public'), admin: requestsOf('admin') }

const delivery = fc.record({
  share: fc.oneof(
    { weight: 25, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 99 }).map((n) => n / 100) },
  ),
  pieces: fc.oneof(
    { weight: 20, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 12 }) },
  ),
  ending: fc.oneof(
    { weight: 25, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...ENDINGS) },
  ),
})

/** Mostly one request on a connection, now and then a few. */
const someOf = (one: fc.Arbitrary<FuzzRequest>): fc.Arbitrary<readonly FuzzRequest[]> =>
  fc.oneof(
    { weight: 8, arbitrary: one.map((request) => [request]) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 2, maxLength: 5 }) },
  )

const exchangeAt = (listener: Listener): fc.Arbitrary<Exchange> =>
  fc
    .tuple(someOf(REQUESTS[listener]), delivery)
    .map(([requests, how]) => ({ listener, requests, ...how }))

/** What one client may do on one connection. */
const exchange: fc.Arbitrary<Exchange> = fc.oneof(
  { weight: 4, arbitrary: exchangeAt('public') },
  { weight: 1, arbitrary: exchangeAt('admin') },
)

/** Exchanges of at least so many requests altogether, the same for the same seed. */
export function sampleExchanges(requests: number, seed: number): readonly Exchange[] {
  const chosen: Exchange[] = []
  let count = 0
  for (const one of fc.sample(exchange, { numRuns: requests, seed })) {
    if (count >= requests) break
    chosen.push(one)
    count += one.requests.length
  }
  return chosen
}
