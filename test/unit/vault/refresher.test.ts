import { beforeEach, describe, expect, it } from '@jest/globals'
import type { TokenFailureKind } from '../../../src/samsung-account/tokens.ts'
import type { Snapshot } from '../../../src/vault/connections.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import { openAccessToken, openRefreshToken } from '../../../src/vault/token-seal.ts'
import { failing, HOUR, held, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, type World } from './support/world.ts'

let world: World
let id: string

beforeEach(async () => {
  world = createWorld()
  id = await world.connect()
})

async function snapshot(): Promise<Snapshot> {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

/** The tokens in the record, opened. */
async function tokens() {
  const { connection } = await snapshot()
  const dataKey = await world.envelope.open(id, connection.dataKey)
  const binding = consentBinding(connection)
  return [
    openAccessToken(dataKey, binding).reveal(),
    openRefreshToken(dataKey, binding)?.reveal(),
  ] as const
}

const refreshState = async () => (await world.bindingOf(id)).refresh

describe('a renewal', () => {
  it('spends the refresh token once and stores what came for it', async () => {
    const { refresher, outcomes } = world.replica()

    const renewed = await refresher.refresh(await snapshot())

    expect(world.samsung.spent).toEqual(['refresh-1'])
    expect(await tokens()).toEqual(['access-2', 'refresh-2'])
    expect(renewed).toEqual(await snapshot())
    expect(renewed.connection.generation).toBe(2)
    expect(outcomes).toEqual(['success'])
  })

  it('writes its intent down before the token leaves the process', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const renewing = world.replica().refresher.refresh(await snapshot())

    await arrived
    expect(await refreshState()).toMatchObject({
      state: 'refreshing',
      until: world.clock() + world.settings.leaseMs,
    })
    release()
    await renewing
  })

  it('keeps the old refresh token when Samsung sends no other', async () => {
    world.samsung.refreshSteps.push({ answer: ({ refreshToken: _, ...rest }) => rest })

    await world.replica().refresher.refresh(await snapshot())

    expect(await tokens()).toEqual(['access-2', 'refresh-1'])
  })

  it('spends nothing for somebody who has an old idea of the connection', async () => {
    const { refresher, outcomes } = world.replica()
    const old = await snapshot()
    await refresher.refresh(old)

    const seen = await refresher.refresh(old)

    expect(seen.connection.generation).toBe(2)
    expect(world.samsung.spent).toHaveLength(1)
    expect(outcomes).toEqual(['success', 'fresh_by_peer'])
  })

  it('that another process is making is waited for', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const [one, two] = [world.replica(), world.replica()]
    const first = one.refresher.refresh(await snapshot())
    await arrived
    const second = two.refresher.refresh(await snapshot())

    release()

    expect((await first).connection).toEqual((await second).connection)
    expect(world.samsung.spent).toEqual(['refresh-1'])
    expect(two.outcomes).toEqual(['fresh_by_peer'])
  })

  it('that another process is making is not waited for longer than a request may take', async () => {
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    const [one, two] = [world.replica(), world.replica()]
    const first = one.refresher.refresh(await snapshot())
    await arrived
    const second = codeOf(two.refresher.refresh(await snapshot()))

    world.advance(world.settings.timeoutMs)

    expect(await second).toBe('refresh_in_progress')
    expect(two.outcomes).toEqual(['busy_timeout'])
    release()
    await first
  })

  it('of one connection by 20 processes is one request', async () => {
    const from = await snapshot()
    const replicas = Array.from({ length: 20 }, () => world.replica())

    const all = await Promise.all(replicas.map(({ refresher }) => refresher.refresh(from)))

    expect(world.samsung.spent).toEqual(['refresh-1'])
    expect(new Set(all.map(({ connection }) => connection.generation))).toEqual(new Set([2]))
  })
})

describe('a renewal that brings nothing', () => {
  const KINDS: readonly (readonly [TokenFailureKind, string, string, string])[] = [
    ['not_sent', 'upstream_unreachable', 'ok', 'not_sent'],
    ['transient', 'upstream_rate_limited', 'ok', 'transient_upstream'],
    ['operator', 'upstream_refused_client', 'ok', 'operator_refused'],
    ['ambiguous', 'refresh_outcome_unknown', 'uncertain', 'ambiguous'],
    ['customer', 'consent_required', 'consent_required', 'reauth_correct'],
  ]

  it.each(KINDS)('for %s is told as %s and leaves %s', async (kind, code, state, outcome) => {
    world.samsung.refreshSteps.push(failing(tokenError(kind, 'rate_limited')))
    const { refresher, outcomes } = world.replica()

    expect(await codeOf(refresher.refresh(await snapshot()))).toBe(code)

    expect(await refreshState()).toMatchObject({ state, failures: 1 })
    expect(outcomes).toEqual([outcome])
    expect(await tokens()).toEqual(['access-1', 'refresh-1'])
  })

  it.each([
    ['not_sent', 'unreachable', 'upstream_unreachable'],
    ['transient', 'rate_limited', 'upstream_rate_limited'],
    ['transient', 'unavailable', 'upstream_unavailable'],
    ['operator', 'refused', 'upstream_refused_client'],
    ['ambiguous', 'timeout', 'refresh_outcome_unknown'],
  ] as const)(
    'for %s (%s) is what callers hear of until the next attempt: %s',
    async (kind, reason, code) => {
      world.samsung.refreshSteps.push(failing(tokenError(kind, reason)))
      await codeOf(world.replica().refresher.refresh(await snapshot()))

      expect(await codeOf(world.replica().refresher.refresh(await snapshot()))).toBe(code)
      expect(world.samsung.spent).toHaveLength(1)
    },
  )

  it.each(['not_sent', 'transient', 'ambiguous'] as const)(
    'for %s is not tried again before its time, by any process',
    async (kind) => {
      world.samsung.refreshSteps.push(failing(tokenError(kind)), failing(tokenError(kind)))
      await codeOf(world.replica().refresher.refresh(await snapshot()))

      for (let i = 0; i < 20; i++) await codeOf(world.replica().refresher.refresh(await snapshot()))
      world.advance(499)
      await codeOf(world.replica().refresher.refresh(await snapshot()))
      expect(world.samsung.spent).toHaveLength(1)

      world.advance(1)
      await codeOf(world.replica().refresher.refresh(await snapshot()))
      expect(world.samsung.spent).toHaveLength(2)
      world.advance(999)
      await codeOf(world.replica().refresher.refresh(await snapshot()))
      expect(world.samsung.spent).toHaveLength(2)
    },
  )

  it('for our own credentials’ sake waits the same short time however often it fails', async () => {
    for (const spent of [1, 2, 3]) {
      world.samsung.refreshSteps.push(failing(tokenError('operator')))
      await codeOf(world.replica().refresher.refresh(await snapshot()))
      world.advance(world.settings.operatorRetryMs - 1)
      await codeOf(world.replica().refresher.refresh(await snapshot()))
      expect(world.samsung.spent).toHaveLength(spent)
      world.advance(1)
    }
  })

  it('costs an hour of a thousand impatient callers no more than a request a minute', async () => {
    world.samsung.refreshSteps.push(...Array(500).fill(failing(tokenError('transient'))))
    const { refresher } = world.replica()

    for (let i = 0; i < 1000; i++) {
      await codeOf(refresher.refresh(await snapshot()))
      world.advance(HOUR / 1000)
    }

    expect(world.samsung.spent.length).toBeLessThanOrEqual(60 + 8)
  })

  it('for the customer’s sake is final: no process ever spends the token again', async () => {
    world.samsung.refreshSteps.push(failing(tokenError('customer')))
    await codeOf(world.replica().refresher.refresh(await snapshot()))
    world.advance(HOUR)

    expect(await codeOf(world.replica().refresher.refresh(await snapshot()))).toBe(
      'consent_required',
    )
    expect(world.samsung.spent).toHaveLength(1)
  })
})

describe('without a refresh token', () => {
  beforeEach(async () => {
    id = await world.connect({ tenantRef: 'tenant-2', renewable: false })
  })

  it('a renewal after the access token’s end is the end of the consent, and no request', async () => {
    world.advance(HOUR)

    expect(await codeOf(world.replica().refresher.refresh(await snapshot()))).toBe(
      'consent_required',
    )
    expect(await refreshState()).toMatchObject({ reason: 'not_renewable' })
    expect(world.samsung.spent).toEqual([])
  })

  it('a process whose clock is ahead ends nothing: the store’s clock decides', async () => {
    world.advance(HOUR - 1)
    const { refresher } = world.replica()

    const { connection } = await refresher.refresh(await snapshot())

    expect(connection.generation).toBe(1)
    expect(await refreshState()).toMatchObject({ state: 'ok' })
  })

  it('an access token that Samsung refuses is the end before its time', async () => {
    const { refresher } = world.replica()

    expect(await codeOf(refresher.refresh(await snapshot(), 'refused'))).toBe('consent_required')
    expect(await refreshState()).toMatchObject({ reason: 'not_renewable' })
  })
})
