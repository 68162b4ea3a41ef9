import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createCall } from '../../scripts/stack/portal-client.ts'
import { startServiceProcess } from '../../scripts/stack/service-process.ts'
import { type BrakedStack, type Harm, startBrakedStack } from '../support/braked-stack.ts'
import { eventually } from '../support/eventually.ts'
import { type Exchange, mentions } from '../support/redis-fault-proxy.ts'
import { JOURNEY_PORTALS, type Journey, journeysOf } from '../support/store-journeys.ts'
import { expire } from '../support/stored-connection.ts'

const CALL_MS = 250
const BUDGET_MS = 450
/** The budget, and what two busy cores may add. */
const PATIENCE_MS = BUDGET_MS + 900
const ANSWERED = [200, 201, 204, 303]
/** The trail is kept in the store as well, and may be the first to miss it. */
const CODE = expect.stringMatching(/^(store|audit)_unavailable$/)
const AWAY = { status: 503, code: CODE, retryAfter: '1' }

let braked: BrakedStack
let journeys: ReturnType<typeof journeysOf>

beforeAll(async () => {
  braked = await startBrakedStack({
    portals: JOURNEY_PORTALS,
    env: {
      KNOXGATE_STORE_TIMEOUT: `${CALL_MS}ms`,
      KNOXGATE_STORE_REQUEST_BUDGET: `${BUDGET_MS}ms`,
      KNOXGATE_STORE_REPLICA_TIMEOUT: '100ms',
      KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms',
    },
  })
  journeys = journeysOf(braked)
})
afterAll(async () => {
  await braked?.close()
})

/** On a busy machine the short time-outs of this file may meet what only prepares. */
async function prepared(prepare: () => Promise<Journey>): Promise<Journey> {
  let journey: Journey | undefined
  await eventually(async () => {
    journey = await prepare()
    return true
  })
  if (journey === undefined) throw new Error('not prepared')
  return journey
}

/**
 * Asks again and again, each time with the store away from one call later on, until it goes away too
 * late to matter. Returns how often it mattered: at least as often as the request asks the store, for what
 * the service asks by itself counts as well.
 */
async function everyStep(prepare: () => Promise<Journey>, harm: Harm): Promise<number> {
  for (let step = 0; ; step++) {
    const { ask, recovered } = await prepared(prepare)
    braked.harmAfter(step, harm)
    const startedAt = performance.now()
    const seen = await ask()
    const ms = performance.now() - startedAt
    const live = await fetch(`${braked.stack.url}/livez`)
    await braked.mend()
    expect(live.status).toBe(200)
    if (ANSWERED.includes(seen.status)) return step
    expect([step, seen]).toEqual([step, AWAY])
    expect([step, ms < PATIENCE_MS]).toEqual([step, true])
    if (recovered !== undefined) await eventually(recovered)
  }
}

/** The route, and the least number of times that it asks the store. */
const ROUTES = [
  ['list', 3],
  ['listOfOne', 3],
  ['tokenAtHand', 1],
  ['tokenOfCertainLife', 5],
  ['renewal', 8],
  ['verify', 6],
  ['connection', 1],
  ['deletion', 5],
  ['newSession', 3],
  ['session', 1],
  ['completion', 10],
  ['confirmPage', 1],
  ['pressContinue', 2],
  ['callback', 2],
  ['postedCallback', 2],
  ['continuedCallback', 4],
] as const

describe('a store that hangs from any one call on', () => {
  it.each(ROUTES)(
    'has %s answered 503 in time, and all is well again when it goes on',
    async (...route) => {
      const [name, calls] = route

      expect(await everyStep(journeys[name], 'hung')).toBeGreaterThanOrEqual(calls)
    },
    60_000,
  )
})

describe('a store that is gone from any one call on', () => {
  it.each(['renewal', 'verify', 'deletion', 'completion', 'continuedCallback'] as const)(
    'has %s answered 503 in time, and all is well again when it is back',
    async (name) => {
      expect(await everyStep(journeys[name], 'gone')).toBeGreaterThan(1)
    },
    60_000,
  )
})

it('does not keep those waiting who wait for another process to renew', async () => {
  const { stack, proxy, db } = braked
  let id = ''
  await eventually(async () => {
    id = await journeys.connected()
    return true
  })
  await expire(db, id)
  stack.sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 3000 } })
  const arrived = stack.sandbox.arrival('token')
  const other = await startServiceProcess({ ...stack.env, PORT: '0', REDIS_URL: braked.redis.url })
  const renewing = createCall(other.url, stack.apiKey())('POST', `/v1/connections/${id}/token`)
  await arrived
  const waiting = journeys.token(id).ask()
  const isLook = (seen: Exchange) => seen.command[0] === 'hget' && mentions(id)(seen)
  await eventually(() => proxy.seen(isLook) > 2)

  braked.harm('hung')
  const startedAt = performance.now()
  const seen = await waiting
  const ms = performance.now() - startedAt
  await braked.mend()

  expect([seen, ms < PATIENCE_MS]).toEqual([AWAY, true])
  expect((await renewing).status).toBe(200)
  expect((await journeys.token(id).ask()).status).toBe(200)
  await other.stop()
})
