import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createLimiter, type Limiter, type Policy } from '../../../src/limits/limiter.ts'

const POLICY: Policy = { name: 'key', quota: 3, windowMs: 10_000 }

function limiterOf(policy: Partial<Policy> = {}, maxKeys?: number): Limiter {
  const limiter = createLimiter({ ...POLICY, ...policy }, maxKeys)
  if (limiter === null) throw new Error('there is no limit')
  return limiter
}

async function take(limiter: Limiter, key: string, times: number) {
  for (let time = 1; time < times; time++) await limiter.take(key)
  return limiter.take(key)
}

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  jest.clearAllTimers()
  jest.useRealTimers()
})

describe('a limiter', () => {
  it('permits as many as its quota, and not one more', async () => {
    const limiter = limiterOf()

    expect(await limiter.take('a')).toMatchObject({ remaining: 2, exceeded: false })
    expect(await take(limiter, 'a', 2)).toMatchObject({ remaining: 0, exceeded: false })
    expect(await limiter.take('a')).toMatchObject({ remaining: 0, exceeded: true })
  })

  it('begins a window with the first of them, and the next one when that is over', async () => {
    const limiter = limiterOf()
    await take(limiter, 'a', 4)

    jest.advanceTimersByTime(9999)
    expect(await limiter.take('a')).toMatchObject({ resetMs: 1, exceeded: true })
    jest.advanceTimersByTime(1)
    expect(await limiter.take('a')).toMatchObject({
      remaining: 2,
      resetMs: 10_000,
      exceeded: false,
    })
  })

  it('counts each key for itself', async () => {
    const limiter = limiterOf()
    await take(limiter, 'a', 4)

    expect(await limiter.take('b')).toMatchObject({ remaining: 2, exceeded: false })
  })

  it('counts nothing when it is only looked at', async () => {
    const limiter = limiterOf()
    expect(await limiter.look('a')).toMatchObject({ remaining: 3, exceeded: false })
    await take(limiter, 'a', 2)

    expect(await limiter.look('a')).toMatchObject({ remaining: 1, exceeded: false })
    expect(await limiter.look('a')).toMatchObject({ remaining: 1, exceeded: false })
    await limiter.take('a')
    expect(await limiter.look('a')).toMatchObject({ remaining: 0, exceeded: false })
  })

  it('makes nobody wait longer than a window because a clock was set back', async () => {
    const limiter = limiterOf()
    await take(limiter, 'a', 3)
    jest.setSystemTime(Date.now() - 3_600_000)

    expect(await limiter.take('a')).toMatchObject({ resetMs: 10_000, exceeded: true })
  })

  it('is none for a quota of 0', () => {
    expect(createLimiter({ ...POLICY, quota: 0 })).toBeNull()
  })
})

describe('with more keys than it may hold, a limiter', () => {
  it('holds no more of them', async () => {
    const limiter = limiterOf({}, 1000)
    let most = 0

    for (let at = 0; at < 10_000; at++) {
      await limiter.take(`address ${at}`)
      most = Math.max(most, limiter.size())
    }

    expect(most).toBe(1000)
  })

  it('forgets those whose windows began first, and counts the others on', async () => {
    const limiter = limiterOf({}, 100)
    for (let at = 0; at < 100; at++) await take(limiter, `address ${at}`, 3)

    await limiter.take('one more')

    expect(await limiter.take('address 0')).toMatchObject({ remaining: 2, exceeded: false })
    expect(await limiter.take('address 99')).toMatchObject({ exceeded: true })
  })

  it('keeps a key whose window has just begun again, however long it is known', async () => {
    const limiter = limiterOf({}, 100)
    await limiter.take('old')
    jest.advanceTimersByTime(10_000)
    for (let at = 0; at < 99; at++) await limiter.take(`address ${at}`)
    await take(limiter, 'old', 3)

    await limiter.take('one more')

    expect(await limiter.take('old')).toMatchObject({ exceeded: true })
  })

  it('refuses nobody who is new', async () => {
    const limiter = limiterOf({ quota: 1 }, 100)
    for (let at = 0; at < 1000; at++)
      expect(await limiter.take(`address ${at}`)).toMatchObject({ exceeded: false })
  })

  it('holds 20,000 unless told otherwise', async () => {
    const limiter = limiterOf()

    for (let at = 0; at < 20_001; at++) await limiter.take(`2001:db8:${at.toString(16)}::/64`)

    expect(limiter.size()).toBe(19_601)
  })
})
