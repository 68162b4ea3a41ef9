import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type BrakedStack, startBrakedStack } from '../support/braked-stack.ts'
import { eventually } from '../support/eventually.ts'
import { JOURNEY_PORTALS, type Journey, journeysOf } from '../support/store-journeys.ts'

/** Less than one call may take, and more than half of what a request may wait. */
const LATENCY_MS = 700
/** What a caller may wait while the store is away. */
const PATIENCE_MS = 2000
const AWAY = { status: 503, code: 'store_unavailable', retryAfter: '1' }

let braked: BrakedStack
let journeys: ReturnType<typeof journeysOf>

beforeAll(async () => {
  braked = await startBrakedStack({
    portals: JOURNEY_PORTALS,
    env: { KNOXGATE_KNOX_TOKEN_LOCAL_CACHE: '1ms' },
  })
  journeys = journeysOf(braked)
})
afterAll(async () => {
  await braked?.close()
})

async function slowly(
  names: readonly Exclude<keyof typeof journeys, 'api' | 'connected' | 'token'>[],
) {
  const prepared: Journey[] = []
  for (const name of names) prepared.push(await journeys[name]())
  braked.proxy.set('to_client', { latencyMs: LATENCY_MS })
  const startedAt = performance.now()
  const seen = await Promise.all(
    prepared.map(async ({ ask }) => ({ ...(await ask()), ms: performance.now() - startedAt })),
  )
  braked.proxy.clear()
  return { prepared, seen }
}

it('serves what one call to a slow store answers', async () => {
  const { seen } = await slowly(['tokenAtHand', 'connection', 'session', 'confirmPage'])

  expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200])
})

it('does not keep callers waiting for three calls to a slow store, and loses nothing', async () => {
  const { prepared, seen } = await slowly([
    'firstToken',
    'renewal',
    'verify',
    'deletion',
    'newSession',
    'completion',
    'continuedCallback',
    'listOfOne',
  ])

  expect(seen.map(({ ms: _, ...answer }) => answer)).toEqual(prepared.map(() => AWAY))
  expect(Math.max(...seen.map(({ ms }) => ms))).toBeLessThan(PATIENCE_MS)
  for (const { recovered } of prepared) if (recovered !== undefined) await eventually(recovered)
})
