import { describe, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { createHandOutCache } from '../../../src/vault/hand-out-cache.ts'
import { T0 } from './support/records.ts'
import { MINUTE } from './support/samsung.ts'

const ID = 'conn_1'
const HAND_OUT = {
  programId: 'emm-eu',
  headerName: 'x-knox-apitoken',
  value: new Secret('knox'),
  tokenId: 'id-1',
  expiresAt: T0 + 30 * MINUTE,
}
const ENTRY = {
  handOut: HAND_OUT,
  portalId: 'acme',
  version: 'v-1',
  dueAt: T0 + 28 * MINUTE,
  checkedAt: T0,
}

function cacheWith(changes: Partial<typeof ENTRY> = {}) {
  const cache = createHandOutCache(1000)
  cache.put(ID, { ...ENTRY, ...changes })
  const get = (now: number, minTtlMs = 60_000) => cache.get(ID, 'acme', minTtlMs, now)
  return { cache, get }
}

describe('an opened token', () => {
  it('is believed for less than a second', () => {
    const { get } = cacheWith()

    expect(get(T0)).toBe(HAND_OUT)
    expect(get(T0 + 999)).toBe(HAND_OUT)
    expect(get(T0 + 1000)).toBeNull()
  })

  it('is not believed when the clock has gone back', () => {
    expect(cacheWith().get(T0 - 1)).toBeNull()
  })

  it('is given to its own portal only', () => {
    expect(cacheWith().cache.get(ID, 'other', 0, T0)).toBeNull()
  })

  it('is not given once it is due for replacement', () => {
    const { get } = cacheWith({ dueAt: T0 + 10 })

    expect(get(T0 + 9)).toBe(HAND_OUT)
    expect(get(T0 + 10)).toBeNull()
  })

  it('is not given to somebody who needs it longer', () => {
    const { get } = cacheWith()

    expect(get(T0, 30 * MINUTE)).toBe(HAND_OUT)
    expect(get(T0, 30 * MINUTE + 1)).toBeNull()
  })

  it('is believed for another second when the store says that nothing has changed', () => {
    const { cache, get } = cacheWith()

    cache.confirm(ID, 'v-1', T0 + 5000)

    expect(get(T0 + 5999)).toBe(HAND_OUT)
    expect(get(T0 + 6000)).toBeNull()
  })

  it('is not believed when the store names another version', () => {
    const { cache, get } = cacheWith()

    cache.confirm(ID, 'v-2', T0 + 5000)

    expect(get(T0 + 5000)).toBeNull()
    expect(cache.version(ID)).toBe('v-1')
  })

  it('is gone when it is forgotten', () => {
    const { cache, get } = cacheWith()

    cache.forget(ID)

    expect(get(T0)).toBeNull()
    expect(cache.version(ID)).toBeNull()
  })
})

it('keeps 20,000 tokens, and drops the oldest for another', () => {
  const cache = createHandOutCache(1000)
  for (let i = 0; i < 20_000; i++) cache.put(`conn_${i}`, ENTRY)
  cache.put('conn_5', ENTRY)
  expect(cache.version('conn_0')).toBe('v-1')

  cache.put('conn_new', ENTRY)

  expect(cache.version('conn_0')).toBeNull()
  expect(cache.version('conn_1')).toBe('v-1')
  expect(cache.version('conn_new')).toBe('v-1')
})
