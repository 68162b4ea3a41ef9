import { beforeEach, describe, expect, it } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { type Connection, consentBinding, withCurrentBinding } from '../../../src/vault/record.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { failing, HOUR, held, MINUTE, tokenError } from '../vault/support/samsung.ts'
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
  ids = await world.connectMany(6)
})

const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((index) => () => ids[index] ?? '') as [
  () => string,
  () => string,
  () => string,
  () => string,
  () => string,
]

/** Three connections are refused their renewal, which holds the program. */
async function hold(): Promise<void> {
  world.advance(2 * HOUR)
  world.refuseNext('refresh', 3)
  expect(await askAll(one, ids.slice(0, 3))).toEqual([REFUSED, REFUSED, REFUSED])
  expect(one.breaker.isHeld(PROGRAM, 'refresh')).toBe(true)
  await two.breaker.admit(PROGRAM, 'exchange', 'any')
}

/** The next probe is due, and every process looks at once. */
async function probe(...processes: readonly HeldProcess[]): Promise<void> {
  world.advance(2000)
  for (const { breaker } of processes) await codeOf(breaker.admit(PROGRAM, 'refresh', 'nobody'))
  for (const { breaker } of processes) await codeOf(breaker.admit(PROGRAM, 'exchange', 'nobody'))
  await Promise.all(processes.map(({ prober }) => prober.look()))
}

const stateOf = async (id: string) => (await world.bindingOf(id)).refresh

/** The customer has to consent again. */
const ended = (connection: Connection): Connection => {
  const binding = consentBinding(connection)
  const refresh = { ...binding.refresh, state: 'consent_required', reason: 'refused' } as const
  return withCurrentBinding(connection, { ...binding, refresh })
}

describe('while renewals are held', () => {
  beforeEach(hold)

  it('none is sent but one per interval, whichever process makes it', async () => {
    world.refuseNext('refresh', 5)
    for (let i = 0; i < 5; i++) {
      expect(await askAll(one, ids)).toEqual(Array(6).fill(REFUSED))
      expect(await askAll(two, ids)).toEqual(Array(6).fill(REFUSED))
      await probe(one, two)
      expect(world.samsung.spent).toHaveLength(3 + i + 1)
    }

    expect(one.raised.concat(two.raised)).toEqual([PROGRAM])
  })

  it('none is sent and no connection is looked at before the interval is over', async () => {
    await askAll(one, ids)
    world.advance(1999)
    const reads: string[] = []
    const { read } = one.connections
    Object.assign(one.connections, { read: (id: string) => reads.push(id) && read(id) })

    await Promise.all([one.prober.look(), two.prober.look()])

    expect(world.samsung.spent).toHaveLength(3)
    expect(reads).toEqual([])
  })

  it('nothing of a connection changes, and nobody has to consent', async () => {
    const before = await Promise.all(ids.map((id) => world.connectionOf(id)))

    await askAll(one, ids)
    await askAll(two, ids)

    expect(await Promise.all(ids.map((id) => world.connectionOf(id)))).toEqual(before)
  })

  it('probes take turns', async () => {
    world.refuseNext('refresh', 6)
    await askAll(one, [d(), e()])
    for (let i = 0; i < 5; i++) await probe(one)

    const probed = world.samsung.spent.slice(3)
    expect(new Set(probed).size).toBe(5)
  })

  it('the first that is accepted lets all go on, in every process', async () => {
    await askAll(one, ids)
    await probe(one)
    expect(world.samsung.spent).toHaveLength(4)
    world.advance(250)

    expect(await askAll(two, ids)).toEqual(Array(6).fill('resolved'))
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ state: 'ok', failures: 0 })
    expect(world.events('operator_alarm_over')).toHaveLength(1)
  })

  it('a no that concerns the customer shows that we are accepted', async () => {
    await askAll(one, [d()])
    world.samsung.refreshSteps.push(failing(tokenError('customer')))

    await probe(one)

    expect((await stateOf(d())).state).toBe('consent_required')
    expect(one.breaker.alarms()).toEqual([])
    expect(world.samsung.spent).toHaveLength(4)
  })

  it('two connections that are wrong by themselves do not keep the others', async () => {
    for (const id of [d(), a(), b()]) await codeOf(one.ask(id))
    const isBad = async (id: string) => (await stateOf(id)).failures > 0
    world.refuseNext('refresh', 2)
    await probe(one)
    await probe(one)
    expect(await Promise.all([isBad(a()), isBad(b()), isBad(d())])).toEqual([true, true, false])

    await probe(one)

    expect(one.breaker.alarms()).toEqual([])
    expect(await codeOf(one.ask(e()))).toBe('resolved')
  })

  it.each(['transient', 'ambiguous', 'not_sent'] as const)(
    'an answer that says nothing (%s) ends nothing, and is this interval’s only one',
    async (kind) => {
      await askAll(one, [d(), e()])
      world.samsung.refreshSteps.push(failing(tokenError(kind)))
      await probe(one, two)
      expect(world.samsung.spent).toHaveLength(4)
      expect(one.breaker.isHeld(PROGRAM, 'refresh')).toBe(true)

      await probe(one, two)

      expect(world.samsung.spent).toHaveLength(5)
      expect(one.breaker.alarms()).toEqual([])
    },
  )

  it.each([
    ['deleted', (id: string) => world.connections.remove(id, tombstoneOf)],
    ['ended', (id: string) => world.connections.update(id, ended)],
  ])('a connection that was %s leaves the interval to another', async (_, spoil) => {
    await askAll(one, [e(), d()])
    await spoil(d())

    await probe(one)

    expect(world.samsung.spent).toHaveLength(4)
    expect((await stateOf(e())).failures).toBe(0)
    expect(one.breaker.alarms()).toEqual([])
  })

  it('a connection that ends before it is asked leaves the interval to another', async () => {
    await askAll(one, [e(), d()])
    const { read } = one.connections
    let reads = 0
    const endAfterLook = async (id: string) => {
      const found = await read(id)
      reads += id === d() ? 1 : 0
      if (id === d() && reads === 1)
        await world.connections.update(id, (now) => ({ ...ended(now), generation: 9 }))
      return found
    }
    Object.assign(one.connections, { read: endAfterLook })

    await probe(one)

    expect((await stateOf(e())).failures).toBe(0)
    expect(one.breaker.alarms()).toEqual([])
  })

  it('a refresh token whose fate is unknown is not spent while the access token lives', async () => {
    const [risky = ''] = await world.connectMany(1)
    await world.connections.update(risky, (found) => ({
      ...found,
      bindings: found.bindings.map((binding) => ({
        ...binding,
        refresh: { state: 'uncertain', since: 1, failures: 1 },
      })),
    }))
    await codeOf(one.refresher.refresh((await world.connections.read(risky)) ?? never()))

    await probe(one)

    expect((await stateOf(risky)).state).toBe('uncertain')
    expect(world.samsung.spent).toHaveLength(4)
  })

  it('what another process is renewing is left alone, and the others are asked', async () => {
    await askAll(one, [e(), d()])
    await world.connections.update(d(), (found) => ({
      ...found,
      bindings: found.bindings.map((binding) => ({
        ...binding,
        refresh: { state: 'refreshing', since: 1, until: world.clock() + 9000, failures: 0 },
      })),
    }))

    await probe(one)

    expect((await stateOf(d())).state).toBe('refreshing')
    expect((await stateOf(e())).state).toBe('ok')
    expect(one.breaker.alarms()).toEqual([])
  })

  it('many that cannot tell now do not keep one from being asked that can', async () => {
    await codeOf(one.ask(e()))
    const waiting = await world.connectMany(12)
    world.advance(2 * HOUR)
    const retryAt = world.clock() + HOUR
    for (const id of [...waiting, a(), b(), c()])
      await world.connections.update(id, (found) => ({
        ...found,
        bindings: found.bindings.map((binding) => ({
          ...binding,
          refresh: { state: 'ok', since: 1, failures: 1, retryAt },
        })),
      }))
    for (const id of waiting) await codeOf(one.ask(id))

    for (let i = 0; i < 3; i++) await one.prober.look()

    expect(world.samsung.spent).toHaveLength(4)
    expect((await stateOf(e())).failures).toBe(0)
    expect(one.breaker.alarms()).toEqual([])
  })

  it('a record that nobody can read leaves the interval to another', async () => {
    await askAll(one, [e()])
    await codeOf(one.ask(d()))
    const key = documentKey(d())
    const { document } = await world.store.read(key)
    await world.store.compareAndSet(key, document?.revision ?? 0, 'broken', 'w')

    await probe(one)

    expect(one.breaker.alarms()).toEqual([])
    expect((await stateOf(e())).failures).toBe(0)
  })

  it('a defect in a probe is told, and the next interval has its own', async () => {
    await codeOf(one.ask(d()))
    world.samsung.refreshSteps.push(failing(new RangeError('a defect')))

    await probe(one)
    expect(world.events('probe_failed')).toEqual([
      expect.objectContaining({ level: 'error', programId: PROGRAM }),
    ])
    expect(one.breaker.isHeld(PROGRAM, 'refresh')).toBe(true)
    await probe(one)

    expect(one.breaker.alarms()).toEqual([])
  })

  it('it is given up when nobody is left who could tell, and refusals hold again', async () => {
    for (const id of [a(), b(), c()]) await world.connections.remove(id, tombstoneOf)

    await probe(one)

    expect(one.breaker.alarms()).toEqual([])
    expect(world.samsung.spent).toHaveLength(3)
    world.refuseNext('refresh', 3)
    await askAll(one, ids.slice(3))
    expect(one.breaker.isHeld(PROGRAM, 'refresh')).toBe(true)
  })

  it('what an earlier alarm held is not renewed for a later one', async () => {
    await askAll(one, [d(), e()])
    await probe(one)
    expect(one.breaker.alarms()).toEqual([])
    await askAll(one, ids)
    world.advance(2 * HOUR)
    const others = await world.connectMany(3)
    world.advance(2 * HOUR)
    world.refuseNext('refresh', 4)
    await askAll(one, others)
    const spent = world.samsung.spent.length

    await probe(one)

    expect(world.samsung.spent).toHaveLength(spent + 1)
    for (const id of [d(), e()]) expect((await stateOf(id)).failures).toBe(0)
  })

  it('one attempt at a time is made, and a stop waits for it', async () => {
    await askAll(one, ids)
    const { step, arrived, release } = held()
    world.samsung.refreshSteps.push(step)
    world.advance(2000)
    const looking = one.prober.look()
    await arrived
    world.advance(2000)
    await one.prober.look()
    expect(world.samsung.spent).toHaveLength(4)
    one.prober.stop()
    const idle = one.prober.idle()
    release()

    await Promise.all([looking, idle])

    expect(one.breaker.alarms()).toEqual([])
  })

  it('tokens at hand are handed out, and live access tokens exchanged', async () => {
    const [due = '', kept = ''] = await world.connectMany(2)
    const token = tokenOf(await one.ask(kept))
    world.advance(45 * MINUTE)

    expect(await codeOf(one.ask(due))).toBe('resolved')
    expect(tokenOf(await two.ask(kept, { minTtlMs: 0 }))).not.toBe(token)
    expect(world.samsung.spent).toHaveLength(3)
  })
})

const never = (): never => {
  throw new Error('no such connection')
}
