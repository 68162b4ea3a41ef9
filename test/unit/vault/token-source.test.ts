import { beforeEach, describe, expect, it } from '@jest/globals'
import { reconnect } from '../../../src/vault/connection-transitions.ts'
import type { HandOut } from '../../../src/vault/hand-out.ts'
import { sealTokens } from '../../../src/vault/token-seal.ts'
import { failing, HOUR, held, knoxError, MINUTE } from './support/samsung.ts'
import {
  codeOf,
  createWorld,
  PORTAL,
  tokenOf,
  type World,
  type WorldOptions,
} from './support/world.ts'

let world: World
let id: string

async function setUp(options: WorldOptions = {}): Promise<void> {
  world = createWorld(options)
  id = await world.connect()
}

beforeEach(() => setUp())

const distinct = (handOuts: readonly HandOut[]) => new Set(handOuts.map(tokenOf)).size

describe('a herd', () => {
  it('of 200 callers on an expired connection costs one renewal and one exchange', async () => {
    const { ask } = world.replica()
    world.advance(2 * HOUR)

    const all = await Promise.all(Array.from({ length: 200 }, () => ask(id)))

    expect(distinct(all)).toBe(1)
    expect(world.samsung.spent).toHaveLength(1)
    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it('of 100 callers in each of two processes costs one renewal', async () => {
    const [one, two] = [world.replica(), world.replica()]
    world.advance(2 * HOUR)
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)

    const all = [one, two].flatMap(({ ask }) => Array.from({ length: 100 }, () => ask(id)))
    await arrived
    release()

    await Promise.all(all)
    expect(world.samsung.spent).toHaveLength(1)
    expect(world.samsung.exchanged.length).toBeLessThanOrEqual(2)
  })

  it('of callers that all fail is one request, and each learns why', async () => {
    const { ask } = world.replica()
    world.samsung.mintSteps.push(failing(knoxError('transient', 'timeout')))

    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(ask(id))))

    expect(new Set(codes)).toEqual(new Set(['upstream_timeout']))
    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it('on many connections gives every caller its own customer’s token', async () => {
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        world.connect({ tenantRef: `t-${i}`, tokens: world.samsung.consent(`user-${i}`) }),
      ),
    )
    const [one, two] = [world.replica(), world.replica()]

    const got = await Promise.all(
      Array.from({ length: 600 }, async (_, n) => {
        const { ask } = n % 2 ? one : two
        return [n % 30, tokenOf(await ask(ids[n % 30] ?? ''))] as const
      }),
    )

    for (const [index, token] of got) expect(token).toMatch(new RegExp(`-of-user-${index}$`))
  })
})

describe('a token that is kept', () => {
  it('is shared by processes', async () => {
    const first = await world.replica().ask(id)

    expect(tokenOf(await world.replica().ask(id))).toBe(tokenOf(first))
    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it('is handed out with what the portal needs to use it', async () => {
    expect(await world.replica().ask(id)).toMatchObject({
      programId: 'emm-eu',
      headerName: 'x-knox-apitoken',
      tokenId: expect.stringMatching(/^[\w-]{16}$/),
      expiresAt: world.clock() + 30 * MINUTE,
    })
  })

  it('goes on being served while one caller’s wish has it renewed, and then the new one', async () => {
    const replica = world.replica()
    const old = await replica.ask(id)
    world.advance(28.5 * MINUTE)
    const { step, arrived, release } = held()
    world.samsung.mintSteps.push(step)

    const served = await Promise.all(Array.from({ length: 20 }, () => replica.ask(id)))
    await arrived
    expect(served.map(tokenOf)).toEqual(Array(20).fill(tokenOf(old)))
    release()
    await replica.source.idle()

    expect(tokenOf(await replica.ask(id))).not.toBe(tokenOf(old))
    expect(world.samsung.exchanged).toHaveLength(2)
  })

  it('goes on being served while renewing it fails, and no storm comes of it', async () => {
    const replica = world.replica()
    const old = await replica.ask(id)
    world.advance(28.2 * MINUTE)
    world.samsung.mintSteps.push(...Array(50).fill(failing(knoxError('transient', 'timeout'))))

    for (let i = 0; i < 400; i++) {
      expect(tokenOf(await replica.ask(id))).toBe(tokenOf(old))
      await replica.source.idle()
      world.advance(100)
    }

    expect(world.samsung.exchanged.length).toBeLessThanOrEqual(1 + 7)
  })

  it('is tried to be renewed after half a second, a second, two seconds', async () => {
    const replica = world.replica()
    await replica.ask(id)
    world.advance(28.2 * MINUTE)
    world.samsung.mintSteps.push(...Array(4).fill(failing(knoxError('transient', 'timeout'))))
    const triesAfter = async (ms: number) => {
      world.advance(ms)
      await replica.ask(id)
      await replica.source.idle()
      return world.samsung.exchanged.length - 1
    }

    expect(await triesAfter(0)).toBe(1)
    expect(await triesAfter(499)).toBe(1)
    expect(await triesAfter(1)).toBe(2)
    expect(await triesAfter(999)).toBe(2)
    expect(await triesAfter(1)).toBe(3)
    expect(await triesAfter(1999)).toBe(3)
    expect(await triesAfter(1)).toBe(4)
  })

  it('is not served to a caller who needs more life than it has', async () => {
    const replica = world.replica()
    const old = await replica.ask(id)
    world.advance(10 * MINUTE)

    const longer = await replica.ask(id, { minTtlMs: 25 * MINUTE })

    expect(tokenOf(longer)).not.toBe(tokenOf(old))
    expect(longer.expiresAt - world.clock()).toBeGreaterThanOrEqual(25 * MINUTE)
  })

  it('made after the call arrived satisfies every wish', async () => {
    await setUp({ knoxLifeMs: MINUTE })
    const replica = world.replica()

    await Promise.all(Array.from({ length: 20 }, () => replica.ask(id, { minTtlMs: 29 * MINUTE })))

    expect(world.samsung.exchanged).toHaveLength(1)
  })

  it('of a program with short tokens is not made anew for every call', async () => {
    await setUp({ knoxLifeMs: MINUTE })
    const replica = world.replica()

    for (let i = 0; i < 20; i++) {
      await replica.ask(id)
      world.advance(1000)
    }
    await replica.source.idle()

    expect(world.samsung.exchanged).toHaveLength(1)
  })
})

describe('a token that Knox refused', () => {
  it('is replaced when its portal says so, once a minute', async () => {
    const replica = world.replica()
    const first = await replica.ask(id)
    const second = await replica.ask(id, { rejected: first.tokenId })
    expect(second.tokenId).not.toBe(first.tokenId)

    world.advance(59_999)
    const third = await replica.ask(id, { rejected: second.tokenId })
    expect(third.tokenId).toBe(second.tokenId)

    world.advance(1)
    const fourth = await replica.ask(id, { rejected: third.tokenId })
    expect(fourth.tokenId).not.toBe(third.tokenId)
    expect(world.samsung.exchanged).toHaveLength(3)
  })

  it('and was replaced by somebody else is not replaced again', async () => {
    const replica = world.replica()
    const first = await replica.ask(id)

    const all = await Promise.all(
      Array.from({ length: 50 }, () => replica.ask(id, { rejected: first.tokenId })),
    )

    expect(distinct(all)).toBe(1)
    expect(all[0]?.tokenId).not.toBe(first.tokenId)
    expect(world.samsung.exchanged).toHaveLength(2)
  })

  it('before this service’s own eyes is replaced at once', async () => {
    const replica = world.replica()
    const first = await replica.ask(id)
    const second = await replica.ask(id, { rejected: first.tokenId, force: true })

    const third = await replica.ask(id, { rejected: second.tokenId, force: true })

    expect(third.tokenId).not.toBe(second.tokenId)
  })
})

describe('who may have a token', () => {
  it('is the connection’s own portal, and for others it does not exist', async () => {
    const { source } = world.replica()
    const request = { minTtlMs: 0, arrivedAt: world.clock() }
    await source.handOut(PORTAL, id, request)

    expect(await codeOf(source.handOut('other', id, request))).toBe('not_found')
    expect(source.peek('other', id, 0)).toBeNull()
    expect(await source.confirm('other', id, 0)).toBeNull()
    expect(await codeOf(source.handOut(PORTAL, 'conn_unknown', request))).toBe('not_found')
    expect(world.samsung.exchanged).toHaveLength(1)
  })
})

describe('a token of another consent', () => {
  it('is not handed out when the account changed during the exchange', async () => {
    const replica = world.replica()
    const { step, arrived, release } = held('after')
    world.samsung.mintSteps.push(step)
    const asked = replica.ask(id)
    await arrived
    const { connection } = (await world.connections.read(id)) ?? {}
    const dataKey = await world.envelope.open(id, connection?.dataKey ?? '')
    const tokens = sealTokens(dataKey, 'b1', 2, world.samsung.consent('ben'))
    await world.connections.update(id, (one, now) =>
      reconnect(one, { tokens, attempt: 'consent-2', account: { id: 'ben' } }, now),
    )

    release()

    expect(tokenOf(await asked)).toMatch(/-of-ben$/)
    expect(tokenOf(await world.replica().ask(id))).toMatch(/-of-ben$/)
  })
})

describe('at the end of a consent that cannot be renewed', () => {
  it('a last token is made just before, served to its end, and then the customer asked', async () => {
    id = await world.connect({ tenantRef: 'tenant-2', renewable: false })
    const replica = world.replica()
    world.advance(40 * MINUTE)
    const early = await replica.ask(id)
    world.advance(18 * MINUTE)
    await replica.ask(id)
    await replica.source.idle()

    const last = await replica.ask(id)
    expect(tokenOf(last)).not.toBe(tokenOf(early))
    expect(last.expiresAt).toBe(world.clock() + 30 * MINUTE)
    world.advance(29 * MINUTE)
    expect(tokenOf(await replica.ask(id))).toBe(tokenOf(last))

    world.advance(MINUTE)
    expect(await codeOf(replica.ask(id))).toBe('consent_required')
    expect(world.samsung.exchanged).toHaveLength(2)
  })
})
