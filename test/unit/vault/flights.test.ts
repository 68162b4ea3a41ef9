import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../../src/shared/errors.ts'
import { limitStoreTime, spendStoreTime } from '../../../src/shared/store-time.ts'
import { createFlights } from '../../../src/vault/flights.ts'
import { codeOf } from './support/world.ts'

const LONG = 10_000

function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let started = 0
  const begin = () => {
    started += 1
    return promise
  }
  return { begin, resolve, reject, started: () => started }
}

describe('join', () => {
  it('does the work once for 200 callers, and each gets its result', async () => {
    const flights = createFlights<string>()
    const { begin, resolve, started } = work()
    const callers = Array.from({ length: 200 }, () => flights.join('a', begin, LONG))

    resolve('done')

    expect(new Set(await Promise.all(callers))).toEqual(new Set(['done']))
    expect(started()).toBe(1)
  })

  it('does it again for a caller who comes after the end', async () => {
    const flights = createFlights<string>()
    const { begin, resolve, started } = work()
    resolve('done')
    await flights.join('a', begin, LONG)

    await flights.join('a', begin, LONG)

    expect(started()).toBe(2)
  })

  it('keeps other keys apart', async () => {
    const flights = createFlights<string>()
    const [one, two] = [work(), work()]
    const first = flights.join('a', one.begin, LONG)
    const second = flights.join('b', two.begin, LONG)

    two.resolve('two')
    one.resolve('one')

    expect(await Promise.all([first, second])).toEqual(['one', 'two'])
  })

  it('gives every caller the failure, and the next one a new try', async () => {
    const flights = createFlights<string>()
    const failing = work()
    const callers = [1, 2, 3].map(() => flights.join('a', failing.begin, LONG))
    failing.reject(new ServiceError('upstream_timeout'))

    expect(await Promise.all(callers.map(codeOf))).toEqual(Array(3).fill('upstream_timeout'))
    const working = work()
    working.resolve('done')
    expect(await flights.join('a', working.begin, LONG)).toBe('done')
  })

  it('lets a caller go who has waited long enough, and the work go on', async () => {
    const flights = createFlights<string>()
    const { begin, resolve } = work()

    expect(await codeOf(flights.join('a', begin, 1))).toBe('refresh_in_progress')
    expect(flights.size()).toBe(1)
    const late = flights.join('a', begin, LONG)
    resolve('done')
    expect(await late).toBe('done')
    expect(flights.size()).toBe(0)
  })
})

describe('while the store gives no answer', () => {
  const LIMIT_MS = 20

  /** Work that waits for the store. */
  function stuck() {
    const { begin, resolve } = work()
    return { begin: () => spendStoreTime(begin), resolve }
  }

  it('lets a caller go whose time for the store is up, and the work go on', async () => {
    const flights = createFlights<string>()
    const { begin, resolve } = stuck()

    const first = limitStoreTime(LIMIT_MS, () => flights.join('a', begin, LONG))
    const second = limitStoreTime(LIMIT_MS, () => flights.join('a', begin, LONG))

    expect(await Promise.all([first, second].map(codeOf))).toEqual(
      Array(2).fill('store_unavailable'),
    )
    const late = flights.join('a', begin, LONG)
    resolve('done')
    expect(await late).toBe('done')
  })

  it('does not cut off what was started by a request that waits for nothing', async () => {
    const flights = createFlights<string>()
    const { begin, resolve } = stuck()
    limitStoreTime(LIMIT_MS, () => flights.start('a', begin, () => {}))

    const leaving = limitStoreTime(LIMIT_MS, () => flights.join('a', begin, LONG))
    expect(await codeOf(leaving)).toBe('store_unavailable')

    expect(flights.size()).toBe(1)
    resolve('done')
    await flights.idle()
    expect(flights.size()).toBe(0)
  })
})

describe('start', () => {
  it('does not begin what is under way', () => {
    const flights = createFlights<string>()
    const [one, two] = [work(), work()]

    flights.start('a', one.begin, () => {})
    flights.start('a', two.begin, () => {})

    expect([one.started(), two.started()]).toEqual([1, 0])
  })

  it('reports a failure that nobody waits for', async () => {
    const flights = createFlights<string>()
    const { begin, reject } = work()
    const { promise, resolve } = Promise.withResolvers<unknown>()

    flights.start('a', begin, resolve)
    reject(new ServiceError('upstream_timeout'))

    expect(await promise).toBeInstanceOf(ServiceError)
  })
})

describe('idle', () => {
  it('waits for all work, also for what begins meanwhile and for what fails', async () => {
    const flights = createFlights<string>()
    const [one, two] = [work(), work()]
    flights.start('a', one.begin, () => {})
    let isIdle = false
    const idle = flights.idle().then(() => {
      isIdle = true
    })

    flights.start('b', two.begin, () => {})
    one.reject(new Error('over'))
    await flights.join('c', async () => 'done', LONG)
    expect(isIdle).toBe(false)
    two.resolve('done')

    await idle
    expect(flights.size()).toBe(0)
  })
})
