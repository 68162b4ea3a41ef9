import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { consentBinding } from '../../../src/vault/record.ts'
import type { Store } from '../../../src/vault/store.ts'
import { failing, HOUR, held, knoxError, MINUTE, tokenError } from './support/samsung.ts'
import { codeOf, createWorld, type World, type WorldOptions } from './support/world.ts'

let world: World
let id: string

async function setUp(options: WorldOptions = {}, renewable = true): Promise<void> {
  world = createWorld(options)
  id = await world.connect({ renewable })
}

beforeEach(() => setUp())

const mint = (replica = world.replica(), rejected?: string) =>
  replica.mint(id, {
    minTtlMs: 60_000,
    arrivedAt: world.clock(),
    ...(rejected === undefined ? {} : { rejected }),
  })

const lastError = async () => (await world.bindingOf(id)).lastError

describe('mint', () => {
  it('exchanges the access token once and keeps the Knox token, sealed', async () => {
    const { connection } = await mint()

    expect(world.samsung.exchanged).toEqual(['access-1'])
    expect(consentBinding(connection).knoxToken).toMatchObject({
      generation: 1,
      headerName: 'x-knox-apitoken',
      mintedAt: world.clock(),
      expiresAt: world.clock() + 30 * MINUTE,
    })
    expect(JSON.stringify(connection)).not.toContain('knox-2-of-ada')
    expect(await world.connectionOf(id)).toEqual(connection)
  })

  it('reports how every exchange ended and how long it took', async () => {
    const replica = world.replica()
    const slowly = (ms: number) => () => world.advance(ms)
    world.samsung.mintSteps.push(
      { before: slowly(250), ...failing(knoxError('transient', 'timeout'), 'after') },
      { before: slowly(40) },
    )

    await codeOf(mint(replica))
    await mint(replica)

    expect(replica.exchanges).toEqual([
      ['error', 250],
      ['ok', 40],
    ])
  })

  it('asks nobody when another process has made what is wanted', async () => {
    await mint()
    await mint()

    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it.each([
    ['frozen', 'connection_frozen'],
    ['deleted', 'not_found'],
  ])('makes nothing for a connection that is %s', async (what, code) => {
    if (what === 'deleted') await world.connections.remove(id, tombstoneOf)
    else world.frozen.add(id)

    expect(await codeOf(mint())).toBe(code)
    expect(world.samsung.exchanged).toEqual([])
  })

  it('gives nothing out that was frozen or deleted during the exchange', async () => {
    const { step, arrived, release } = held()
    world.samsung.mintSteps.push(step)
    const minting = codeOf(mint())
    await arrived
    world.frozen.add(id)
    release()

    expect(await minting).toBe('connection_frozen')
  })
})

describe('the access token', () => {
  it('is renewed first when it is due', async () => {
    world.advance(41 * MINUTE)

    await mint()

    expect(world.samsung.spent).toEqual(['refresh-1'])
    expect(world.samsung.exchanged).toEqual(['access-2'])
  })

  it.each(['not_sent', 'transient', 'operator', 'ambiguous'] as const)(
    'is used to its end when renewing it ends with %s',
    async (kind) => {
      world.advance(41 * MINUTE)
      world.samsung.refreshSteps.push(failing(tokenError(kind)))

      await mint()

      expect(world.samsung.exchanged).toEqual(['access-1'])
    },
  )

  it('is not used any more once Samsung says that the consent is over', async () => {
    world.advance(41 * MINUTE)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))

    expect(await codeOf(mint())).toBe('consent_required')
    expect(world.samsung.exchanged).toEqual([])
  })

  it.each([
    ['not_sent', 'upstream_unreachable'],
    ['operator', 'upstream_refused_client'],
    ['ambiguous', 'refresh_outcome_unknown'],
  ] as const)(
    'that has ended leaves nothing to use when renewing it ends with %s',
    async (kind, code) => {
      world.advance(HOUR)
      world.samsung.refreshSteps.push(failing(tokenError(kind)))

      expect(await codeOf(mint())).toBe(code)
      expect(world.samsung.exchanged).toEqual([])
    },
  )

  it('without a refresh token is used to its last moment, and then asks for consent', async () => {
    await setUp({}, false)
    world.advance(HOUR - 1)
    await mint()
    expect(world.samsung.exchanged).toHaveLength(1)

    world.advance(30 * MINUTE)

    expect(await codeOf(mint())).toBe('consent_required')
    expect((await world.bindingOf(id)).refresh.reason).toBe('not_renewable')
  })
})

describe('when Knox refuses the access token (4010011)', () => {
  const REFUSED = failing(knoxError('idp_token', 'refused', '4010011'))

  it('it is renewed once, and the exchange made once more', async () => {
    world.samsung.mintSteps.push(REFUSED)

    await mint()

    expect(world.samsung.exchanged).toEqual(['access-1', 'access-2'])
    expect(world.samsung.spent).toEqual(['refresh-1'])
  })

  it('also after the renewal, this service’s own credentials are to blame', async () => {
    world.samsung.refuseAccess('all')

    expect(await codeOf(mint())).toBe('upstream_refused_client')

    expect(world.samsung.exchanged).toEqual(['access-1', 'access-2'])
    expect(world.samsung.spent).toHaveLength(1)
    expect(await lastError()).toMatchObject({
      code: 'upstream_refused_client',
      owner: 'operator',
      upstreamCode: '4010011',
    })
    expect((await world.bindingOf(id)).refresh.state).toBe('ok')
  })

  it('call after call, it is renewed once a minute at most', async () => {
    world.samsung.refuseAccess('all')
    for (let i = 0; i < 59; i++) {
      await codeOf(mint())
      world.advance(1000)
    }
    expect(world.samsung.spent).toHaveLength(1)

    world.advance(1000)
    await codeOf(mint())

    expect(world.samsung.spent).toHaveLength(2)
  })

  it('and Samsung the renewal, the customer is asked', async () => {
    world.samsung.mintSteps.push(REFUSED)
    world.samsung.refreshSteps.push(failing(tokenError('customer')))

    expect(await codeOf(mint())).toBe('consent_required')
  })

  it('and it has worked before but cannot be renewed, the customer is asked', async () => {
    await setUp({}, false)
    await mint()
    world.advance(30 * MINUTE)
    world.samsung.mintSteps.push(REFUSED)

    expect(await codeOf(mint())).toBe('consent_required')
  })

  it('and it has never worked and cannot be renewed, the customer is left alone', async () => {
    await setUp({}, false)
    world.samsung.mintSteps.push(REFUSED)

    expect(await codeOf(mint())).toBe('upstream_refused_client')
    expect((await world.bindingOf(id)).refresh.state).toBe('ok')
  })
})

describe('when Knox says no', () => {
  it.each([
    ['operator', 'refused', 'upstream_refused_client'],
    ['knox_token', 'refused', 'upstream_refused'],
    ['trust', 'refused', 'trust_missing'],
    ['unknown', 'refused', 'upstream_refused'],
    ['transient', 'rate_limited', 'upstream_rate_limited'],
    ['transient', 'timeout', 'upstream_timeout'],
  ] as const)(
    '%s (%s) is told and noted as %s, and costs one request',
    async (kind, reason, code) => {
      world.samsung.mintSteps.push(failing(knoxError(kind, reason, '4711')))

      expect(await codeOf(mint())).toBe(code)

      expect(await lastError()).toMatchObject({ at: world.clock(), code, upstreamCode: '4711' })
      expect(world.samsung.exchanged).toHaveLength(1)
      expect(world.samsung.spent).toEqual([])
    },
  )

  it('the note goes with the next success', async () => {
    world.samsung.mintSteps.push(failing(knoxError('transient', 'timeout')))
    await codeOf(mint())

    await mint()

    expect(await lastError()).toBeUndefined()
  })

  it('a busy moment is not noted as an error', async () => {
    const waiting = Promise.withResolvers<void>()
    const version = (store: Store) => (key: string) => {
      waiting.resolve()
      return store.version(key)
    }
    await setUp({ wrapStore: (store) => ({ ...store, version: version(store) }) })
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    world.advance(2 * HOUR)
    const first = mint()
    await arrived
    const second = codeOf(mint())
    await waiting.promise
    world.advance(world.settings.timeoutMs)

    expect(await second).toBe('refresh_in_progress')
    expect(await lastError()).toBeUndefined()
    release()
    await first
  })

  it('a freeze during the exchange is not noted as an error', async () => {
    world.samsung.mintSteps.push({ after: async () => void world.frozen.add(id) })

    expect(await codeOf(mint())).toBe('connection_frozen')
    expect(await lastError()).toBeUndefined()
  })

  it('a defect is passed on and not noted', async () => {
    world.samsung.mintSteps.push(failing(new RangeError('a defect')))

    await expect(mint()).rejects.toBeInstanceOf(RangeError)
    expect(await lastError()).toBeUndefined()
  })
})

it('refuses a token that had ended before it came, and does not keep it', async () => {
  await setUp({ knoxLifeMs: 0 })

  expect(await codeOf(mint())).toBe('upstream_malformed')
  expect(world.samsung.exchanged).toHaveLength(1)
  expect(await world.bindingOf(id)).not.toHaveProperty('knoxToken')
})

it('remembers when a portal last had a token replaced, also over tokens made for other reasons', async () => {
  const first = consentBinding((await mint()).connection).knoxToken
  await mint(world.replica(), first?.tokenId)
  const replacedAt = world.clock()
  world.advance(29.5 * MINUTE)

  const last = consentBinding((await mint()).connection).knoxToken

  expect(last?.mintedAt).toBe(world.clock())
  expect(last?.replacedAt).toBe(replacedAt)
})
