import { randomBytes } from 'node:crypto'
import { beforeEach, expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import { checkSentinel, readSentinel, releaseProbes } from '../../../src/vault/envelope-sentinel.ts'
import { createKeyRing, type RingKey } from '../../../src/vault/key-ring.ts'
import type { Store } from '../../../src/vault/store.ts'
import { createMemoryStore } from '../../../src/vault/store-memory.ts'

const KEY = 'kg:{sentinel}'

const ringKey = (kid: string): RingKey => ({
  kid,
  key: new Secret(randomBytes(32).toString('base64')),
})
const A = ringKey('a')
const B = ringKey('b')
const C = ringKey('c')

let store: Store
beforeEach(() => {
  store = createMemoryStore({ clock: () => 0 })
})

const check = (...keys: RingKey[]) => checkSentinel(store, createKeyRing(keys))
const document = async () => (await store.read(KEY)).document
const kids = async () => Object.keys(JSON.parse((await document())?.text ?? '{}').probes)

it('creates a probe in an empty store and finds it again', async () => {
  expect(await check(A)).toBe('created')
  expect(await check(A)).toBe('ok')
  expect(await kids()).toEqual(['a'])
})

it('writes nothing when all is well', async () => {
  await check(A)
  const before = await document()

  await check(A)

  expect(await document()).toEqual(before)
})

it('adds a probe when a new key becomes active, and keeps the old one', async () => {
  await check(A)

  expect(await check(B, A)).toBe('ok')
  expect(await kids()).toEqual(['a', 'b'])
  expect(await check(B, A)).toBe('ok')
  expect(await check(A)).toBe('ok')
})

it('adds none for a key that is in the ring but not active', async () => {
  await check(A)

  await check(A, B)

  expect(await kids()).toEqual(['a'])
})

it('passes over a probe whose key was dropped from the ring', async () => {
  await check(A)
  await check(B, A)

  expect(await check(B)).toBe('ok')
  expect(await kids()).toEqual(['a', 'b'])
})

it('finds a ring that opens none of the probes, and writes nothing', async () => {
  await check(A)
  const before = await document()

  expect(await check(B)).toBe('mismatch')
  expect(await document()).toEqual(before)
})

it('finds another key under a known kid, also beside one that opens', async () => {
  await check(A)
  await check(B, A)

  expect(await check(ringKey('a'))).toBe('mismatch')
  expect(await check(B, ringKey('a'))).toBe('mismatch')
  expect(await check(B, A)).toBe('ok')
})

it('does not take a kid that is a property of every object for one that has a probe', async () => {
  await check(A)

  expect(await check(ringKey('constructor'), A)).toBe('ok')
  expect(await check(ringKey('__proto__'), A)).toBe('ok')
  expect(await kids()).toEqual(['a', 'constructor', '__proto__'])
})

it.each([
  'not JSON',
  'null',
  '{}',
  '{"v":1}',
  '{"v":2,"probes":{}}',
  '{"v":1,"probes":null}',
  '{"v":1,"probes":{"a":7}}',
  '{"v":1,"probes":{"a":"v1.a.AAAA.AAAA"}}',
])('finds a document that it did not write: %s', async (text) => {
  await store.compareAndSet(KEY, 0, text, 'write')

  expect(await check(A)).toBe('mismatch')
  expect((await document())?.text).toBe(text)
})

it('lets processes start together, each with another key', async () => {
  const results = await Promise.all([
    check(A, B, C),
    check(B, A, C),
    check(C, B, A),
    check(A, B, C),
  ])

  expect(results.filter((result) => result === 'created')).toHaveLength(1)
  expect(results.filter((result) => result === 'ok')).toHaveLength(3)
  expect((await kids()).toSorted()).toEqual(['a', 'b', 'c'])
})

it('does not take an outage of the key service for a mismatch', async () => {
  await check(A)
  const unwrap = async () => {
    throw new Error('the key service does not answer')
  }

  const result = checkSentinel(store, { ...createKeyRing([A]), unwrap })

  await expect(result).rejects.toThrow('does not answer')
})

it('goes on after a write whose answer was lost', async () => {
  let lost = false
  const compareAndSet: Store['compareAndSet'] = async (...args) => {
    const result = await store.compareAndSet(...args)
    if (lost) return result
    lost = true
    return { outcome: 'ambiguous', durable: false }
  }

  expect(await checkSentinel({ ...store, compareAndSet }, createKeyRing([A]))).toBe('ok')
  expect(await kids()).toEqual(['a'])
})

const report = (...keys: RingKey[]) => readSentinel(store, createKeyRing(keys))

it('reports which keys have a probe, and whether the ring fits, and writes nothing', async () => {
  expect(await report(A)).toEqual({ fits: true, kids: [] })
  await check(A)
  await check(B, A)
  const before = await document()

  expect(await report(B)).toEqual({ fits: true, kids: ['a', 'b'] })
  expect(await report(C, A)).toEqual({ fits: true, kids: ['a', 'b'] })
  expect(await report(C)).toEqual({ fits: false, kids: ['a', 'b'] })
  expect(await report(B, ringKey('a'))).toEqual({ fits: false, kids: ['a', 'b'] })
  expect(await document()).toEqual(before)
})

it('does not fit a document that it did not write', async () => {
  await store.compareAndSet(KEY, 0, '{"v":2}', 'w')

  expect(await report(A)).toEqual({ fits: false, kids: [] })
  await releaseProbes(store, ['a'])
  expect((await document())?.text).toBe('{"v":2}')
})

it('releases keys, also while others add theirs: then a ring of nothing else does not fit', async () => {
  await check(A)
  await check(B, A)

  await Promise.all([releaseProbes(store, ['a', 'z']), check(C, B, A)])

  expect((await kids()).toSorted()).toEqual(['b', 'c'])
  expect(await check(A)).toBe('mismatch')
  expect(await check(A, B)).toBe('ok')
  expect((await kids()).toSorted()).toEqual(['a', 'b', 'c'])
})

it('writes nothing when there is nothing to release', async () => {
  await releaseProbes(store, ['a'])
  expect(await document()).toBeNull()
  await check(A)
  const before = await document()

  await releaseProbes(store, ['b'])

  expect(await document()).toEqual(before)
})
