import { beforeEach, describe, expect, it } from '@jest/globals'
import { failing, HOUR, knoxError, MINUTE, tokenError } from '../vault/support/samsung.ts'
import { codeOf, PROGRAM, tokenOf } from '../vault/support/world.ts'
import { askAll, createHeldWorld, type HeldProcess, type HeldWorld } from './support/held-world.ts'

const REFUSED = 'upstream_refused_client'

let world: HeldWorld
let one: HeldProcess
let two: HeldProcess
let ids: readonly string[]

beforeEach(async () => {
  world = createHeldWorld()
  one = world.process()
  two = world.process()
  ids = await world.connectMany(5)
  // A token is at hand for the last one, and has just replaced another.
  const { tokenId } = await one.ask(last())
  await one.ask(last(), { rejected: tokenId })
  world.refuseNext('exchange', 3)
  expect(await askAll(one, ids.slice(0, 3))).toEqual([REFUSED, REFUSED, REFUSED])
  world.samsung.exchanged.length = 0
})

const last = () => ids.at(-1) ?? ''
const fourth = () => ids[3] ?? ''
const isHeld = () => one.breaker.isHeld(PROGRAM, 'exchange')

async function probe(process = one): Promise<void> {
  world.advance(2000)
  await process.prober.look()
}

describe('while exchanges are held', () => {
  it('none is made, none is renewed for, and nothing of a connection changes', async () => {
    world.advance(2 * HOUR)
    const before = await Promise.all(ids.map((id) => world.connectionOf(id)))

    expect(await askAll(one, ids)).toEqual(Array(5).fill(REFUSED))
    expect(await askAll(two, ids)).toEqual(Array(5).fill(REFUSED))

    expect(world.samsung.exchanged).toEqual([])
    expect(world.samsung.spent).toEqual([])
    expect(await Promise.all(ids.map((id) => world.connectionOf(id)))).toEqual(before)
  })

  it('a token at hand is handed out, also when it is due', async () => {
    const token = tokenOf(await one.ask(last()))
    world.advance(28 * MINUTE)

    expect(tokenOf(await one.ask(last()))).toBe(token)
    await one.source.idle()
    expect(tokenOf(await two.ask(last()))).toBe(token)
    await two.source.idle()
    expect(world.samsung.exchanged).toEqual([])
  })

  it('one exchange is made per interval, and the first that is accepted ends it', async () => {
    world.refuseNext('exchange', 2)
    for (let i = 1; i <= 2; i++) {
      await probe()
      expect(world.samsung.exchanged).toHaveLength(i)
      expect(isHeld()).toBe(true)
    }

    await probe()

    expect(isHeld()).toBe(false)
    expect(await askAll(one, ids)).toEqual(Array(5).fill('resolved'))
  })

  it('a connection with a token at hand is probed by making another', async () => {
    const { tokenId, expiresAt } = await one.ask(last())
    expect(await codeOf(one.ask(last(), { rejected: tokenId, force: true }))).toBe(REFUSED)

    await probe()

    expect(isHeld()).toBe(false)
    expect(world.samsung.exchanged).toEqual(['access-5'])
    expect((await one.ask(last())).expiresAt).toBeGreaterThan(expiresAt)
  })

  it('missing trust shows that we are accepted', async () => {
    world.samsung.mintSteps.push(failing(knoxError('trust', 'refused', '40300000')))

    await probe()

    expect(isHeld()).toBe(false)
  })

  it.each(['transient', 'unknown', 'knox_token'] as const)(
    'an answer that says nothing (%s) ends nothing',
    async (kind) => {
      world.samsung.mintSteps.push(failing(knoxError(kind)))

      await probe()

      expect(world.samsung.exchanged).toHaveLength(1)
      expect(isHeld()).toBe(true)
    },
  )

  it('where every access token has ended, one is renewed for the probe', async () => {
    world.advance(2 * HOUR)
    await codeOf(one.ask(fourth()))

    await probe()

    expect(world.samsung.spent).toEqual(['refresh-4'])
    expect(isHeld()).toBe(false)
  })

  it('where renewals are held too, a connection whose access token lives is probed', async () => {
    world.advance(2 * HOUR)
    const [fresh = ''] = await world.connectMany(1)
    await codeOf(one.ask(fresh))
    await codeOf(one.ask(fourth()))
    const upstream = { service: 'samsung-account', code: 'AUT_1702' } as const
    for (const id of ['x', 'y', 'z']) await one.breaker.refused(PROGRAM, 'refresh', id, upstream)
    for (const id of ids.slice(0, 4)) await codeOf(one.refresher.refresh(await read(id)))

    await probe()

    expect(isHeld()).toBe(false)
    expect(world.samsung.exchanged).toHaveLength(1)
    expect((await world.bindingOf(fresh)).knoxToken).toBeDefined()
  })

  it('a consent that has ended is over all the same', async () => {
    const [final = ''] = await world.connectMany(1, false)
    world.advance(2 * HOUR)

    expect(await codeOf(one.ask(final))).toBe('consent_required')
  })
})

const read = async (id: string) => {
  const found = await world.connections.read(id)
  if (found === null) throw new Error('no such connection')
  return found
}

describe('Samsung Account tokens that are refused although they were just renewed (4010011)', () => {
  it('hold exchanges when several connections have them, and are probed once a minute each', async () => {
    world = createHeldWorld()
    one = world.process()
    ids = await world.connectMany(3)
    world.samsung.refuseAccess('all')

    expect(await askAll(one, ids)).toEqual([REFUSED, REFUSED, REFUSED])
    expect(one.breaker.alarm(PROGRAM)).toMatchObject({
      operation: 'exchange',
      upstream: { service: 'knox', code: '4010011' },
    })
    expect(world.samsung.spent).toHaveLength(3)
    for (let i = 0; i < 29; i++) await probe()

    expect(isHeld()).toBe(true)
    expect(world.samsung.spent).toHaveLength(3)
    expect(world.samsung.exchanged).toHaveLength(6 + 29)
  })

  it('say nothing when the renewal itself was refused', async () => {
    world = createHeldWorld()
    one = world.process()
    ids = await world.connectMany(3)
    world.samsung.refuseAccess('all')
    world.samsung.refreshSteps.push(...Array(3).fill(failing(tokenError('transient'))))

    await askAll(one, ids)

    expect(one.breaker.alarms()).toEqual([])
  })
})
