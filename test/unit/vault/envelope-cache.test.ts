import { expect, it } from '@jest/globals'
import { createCache } from '../../../src/vault/envelope-cache.ts'

it('forgets an entry at the end of its time, which using it does not prolong', () => {
  let now = 0
  const cache = createCache<string>({ ttlMs: 100, maxEntries: 10, clock: () => now })
  cache.set('a', 'one')

  now = 99
  expect(cache.get('a')).toBe('one')
  now = 100
  expect(cache.get('a')).toBeUndefined()
})

it('sweeps out what nobody asks for any more', () => {
  let now = 0
  const cache = createCache<string>({ ttlMs: 100, maxEntries: 10, clock: () => now })
  for (const key of ['a', 'b', 'c']) cache.set(key, key)

  now = 110
  cache.get('something else')

  expect(cache.size()).toBe(0)
})

it('never holds more than its limit', () => {
  const cache = createCache<number>({ ttlMs: 100, maxEntries: 3, clock: () => 0 })

  for (let n = 0; n < 20; n += 1) {
    cache.set(`${n}`, n)
    expect(cache.size()).toBeLessThanOrEqual(3)
  }

  expect([17, 18, 19].map((n) => cache.get(`${n}`))).toEqual([17, 18, 19])
})

it('replaces an entry without pushing another out', () => {
  const cache = createCache<string>({ ttlMs: 100, maxEntries: 2, clock: () => 0 })
  cache.set('a', 'one')
  cache.set('b', 'two')

  cache.set('b', 'three')

  expect([cache.get('a'), cache.get('b')]).toEqual(['one', 'three'])
})

it('deletes an entry', () => {
  const cache = createCache<string>({ ttlMs: 100, maxEntries: 2, clock: () => 0 })
  cache.set('a', 'one')

  cache.delete('a')

  expect(cache.get('a')).toBeUndefined()
})
