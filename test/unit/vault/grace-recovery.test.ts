import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { tombstoneOf } from '../../../src/vault/connection-transitions.ts'
import { documentKey } from '../../../src/vault/store.ts'
import { createGraceWorld, id, LEASE, MIN_MS } from './support/grace-world.ts'
import { aConnection, T0 } from './support/records.ts'

beforeEach(() => {
  jest.useFakeTimers({ now: T0 })
})
afterEach(() => {
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

describe('within a grace period', () => {
  it('an unknown outcome is recovered in the background, as soon as an attempt may be made', async () => {
    const { begin, attempts, ends, state } = await createGraceWorld()
    ends.push('tokens')
    await begin()

    await pass(499)
    expect(attempts).toEqual([])
    await pass(60_000)

    expect(attempts).toEqual([500])
    expect(await state()).toBe('ok')
  })

  it('attempts follow each other with the pauses of the record, until the period is over', async () => {
    const { begin, attempts, state } = await createGraceWorld()
    await begin()

    await pass(600_000)

    expect(attempts).toEqual([500, 1500, 3500, 7500, 15_500, 31_500])
    expect(await state()).toBe('uncertain')
  })

  it.each([
    ['an attempt that may be made just before its usable end is', 54_999, [54_999]],
    ['an attempt that may be made only then is not', 55_000, []],
  ])('%s (%d ms)', async (_, retryMs, expected) => {
    const { begin, attempts, ends } = await createGraceWorld({ refresh: { retryAt: T0 + retryMs } })
    ends.push('tokens')
    await begin()

    await pass(600_000)

    expect(attempts).toEqual(expected)
  })

  it('a pause that Samsung asks for beyond its end is the end', async () => {
    const { begin, attempts, change } = await createGraceWorld()
    await begin()
    await pass(500)
    await change({ retryAt: T0 + 300_000 })

    await pass(600_000)

    expect(attempts).toEqual([500])
  })

  it('an answer ends it, whatever it is', async () => {
    const { begin, attempts, ends, state } = await createGraceWorld()
    ends.push('refused')
    await begin()

    await pass(600_000)

    expect(attempts).toEqual([500])
    expect(await state()).toBe('consent_required')
  })

  it('there is one recovery per connection, however often it is asked for', async () => {
    const { begin, attempts } = await createGraceWorld()
    await begin()
    await begin()
    await pass(2000)
    await begin()

    await pass(600_000)

    expect(attempts).toEqual([500, 1500, 3500, 7500, 15_500, 31_500])
  })

  it('the next unknown outcome is recovered as well', async () => {
    const { begin, attempts, ends, connections } = await createGraceWorld()
    ends.push('tokens', 'tokens')
    await begin()
    await pass(600_000)
    await connections.update(id, (connection, now) => ({
      ...aConnection({ refresh: { state: 'uncertain', spentAt: now, failures: 1 } }),
      generation: connection.generation,
    }))

    await begin()
    await pass(600_000)

    expect(attempts).toEqual([500, 600_000])
  })
})

describe('while another owns the connection', () => {
  const held = { state: 'refreshing', attempt: 'other', recovering: true } as const

  it('it is left to it, and taken up again when it ends as unknown', async () => {
    const { begin, attempts, ends, change } = await createGraceWorld({
      refresh: { ...held, until: T0 + LEASE },
    })
    ends.push('tokens')
    await begin()
    await pass(3000)
    expect(attempts).toEqual([])

    await change({ state: 'uncertain', retryAt: T0 + 4000 })
    await pass(600_000)

    expect(attempts).toEqual([4000])
  })

  it('it is taken over when that one vanishes', async () => {
    const { begin, attempts, ends } = await createGraceWorld({
      refresh: { ...held, until: T0 + LEASE },
    })
    ends.push('tokens')
    await begin()

    await pass(600_000)

    expect(attempts).toHaveLength(1)
    expect(attempts[0]).toBeGreaterThanOrEqual(LEASE)
    expect(attempts[0]).toBeLessThanOrEqual(LEASE + MIN_MS)
  })

  it('nothing is left to do when it brings tokens', async () => {
    const { begin, attempts, change } = await createGraceWorld({
      refresh: { ...held, until: T0 + LEASE },
    })
    await begin()
    await pass(3000)

    await change({ state: 'ok', failures: 0 })
    await pass(600_000)

    expect(attempts).toEqual([])
  })
})

describe('while the store is away', () => {
  it('nothing is tried, and it goes on when the store is back within the period', async () => {
    const { begin, attempts, ends, setDown, state } = await createGraceWorld()
    ends.push('unknown', 'tokens')
    await begin()
    await pass(600)
    setDown(true)
    await pass(20_000)
    expect(attempts).toEqual([500])

    setDown(false)
    await pass(600_000)

    expect(attempts).toHaveLength(2)
    expect(attempts[1]).toBeLessThanOrEqual(20_600 + 2 * MIN_MS)
    expect(await state()).toBe('ok')
  })

  it('the period goes by: nothing is tried when the store comes back after it', async () => {
    const { begin, attempts, setDown } = await createGraceWorld()
    await begin()
    await pass(600)
    setDown(true)
    await pass(55_000)

    setDown(false)
    await pass(600_000)

    expect(attempts).toEqual([500])
  })

  it('an attempt whose end could not be noted is taken up again', async () => {
    const { begin, attempts, ends, state } = await createGraceWorld()
    ends.push('unreachable_store', 'tokens')
    await begin()

    await pass(600_000)

    expect(attempts).toHaveLength(2)
    expect(attempts[1]).toBeGreaterThanOrEqual(500 + LEASE)
    expect(attempts[1]).toBeLessThanOrEqual(500 + LEASE + MIN_MS)
    expect(await state()).toBe('ok')
  })
})

describe('nothing is begun', () => {
  it.each([
    ['without a grace period', { graceMs: 0 }],
    ['after its usable end', { refresh: { spentAt: T0 - 55_000 } }],
    ['when nothing is unknown', { refresh: { state: 'ok' } }],
    ['when the customer has to consent', { refresh: { state: 'consent_required' } }],
  ] as const)('%s', async (_, options) => {
    const { begin, attempts } = await createGraceWorld(options)
    await begin()

    await pass(600_000)

    expect(attempts).toEqual([])
  })

  it('once it was stopped, be it under way or not', async () => {
    const { begin, stop, attempts } = await createGraceWorld()
    await begin()
    await pass(1000)
    stop()
    await begin()

    await pass(600_000)

    expect(attempts).toEqual([500])
  })

  it('for a connection that was deleted meanwhile', async () => {
    const { begin, attempts, connections } = await createGraceWorld()
    await begin()
    await pass(700)
    await connections.remove(id, tombstoneOf)

    await pass(600_000)

    expect(attempts).toEqual([500])
  })

  it('for a record that nobody can read any more', async () => {
    const { begin, attempts, memory } = await createGraceWorld()
    await begin()
    await pass(700)
    const { document } = await memory.read(documentKey(id))
    await memory.compareAndSet(documentKey(id), document?.revision ?? 0, '{}', 'w')

    await pass(600_000)

    expect(attempts).toEqual([500])
  })
})
