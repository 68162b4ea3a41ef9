import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, it } from '@jest/globals'
import { Secret } from '../../../src/shared/secret.ts'
import type { KeyRing } from '../../../src/vault/envelope.ts'
import { createEnvelope } from '../../../src/vault/envelope-keys.ts'
import { createKeyRing } from '../../../src/vault/key-ring.ts'

const UNREADABLE = { code: 'record_unreadable' }
const FIELD = { binding: 'b1', field: 'access_token', generation: 1 }

interface Subject {
  now: number
  readonly unwrapped: string[]
  readonly keyRing: KeyRing
}

/** A real ring that counts how often it is asked. */
function subject(): Subject {
  const ring = createKeyRing([{ kid: 'k1', key: new Secret(randomBytes(32).toString('base64')) }])
  const unwrapped: string[] = []
  const unwrap: KeyRing['unwrap'] = (wrapped, context) => {
    unwrapped.push(context)
    return ring.unwrap(wrapped, context)
  }
  return { now: 0, unwrapped, keyRing: { ...ring, unwrap } }
}

const envelopeOf = (of: Subject, maxEntries = 100, cacheMs = 1000) =>
  createEnvelope({ keyRing: of.keyRing, cacheMs, maxEntries, clock: () => of.now })

it('opens a text with the data key of its document, in another process', async () => {
  const of = subject()
  const { wrapped, dataKey } = await envelopeOf(of).create('conn_a')
  const sealed = dataKey.seal(FIELD, 'a token')

  const opened = await envelopeOf(of).open('conn_a', wrapped)

  expect(opened.open(FIELD, sealed)).toBe('a token')
})

it('opens what the first version wrapped and sealed: the formats are frozen', async () => {
  const key = new Secret(Buffer.alloc(32, 7).toString('base64'))
  const keyRing = createKeyRing([{ kid: '2026', key }])
  const envelope = createEnvelope({ keyRing, cacheMs: 1, maxEntries: 1, clock: () => 0 })
  const wrapped =
    'v1.2026.lXNS381xpQtqKpKw.W_Fe4X91_uHmNsb2f2vt6wigyWoEe0kmt-2X1YG1vNFTZeXQ1pYB3drG102xZyBp'
  const sealed = 'v1.204SwZ40atbJtPWA.F9-xzDr8QmypfsfNwZ4QZkBxGkw3Dot4zDiBQVN4pGWskrg'

  const dataKey = await envelope.open('conn_a', wrapped)

  expect(dataKey.open({ ...FIELD, generation: 3 }, sealed)).toBe('sealed by version 1')
})

it('makes another data key for every document and every call', async () => {
  const envelope = envelopeOf(subject())
  const one = await envelope.create('conn_a')
  const two = await envelope.create('conn_a')

  expect(two.wrapped).not.toBe(one.wrapped)
  expect(() => two.dataKey.open(FIELD, one.dataKey.seal(FIELD, 'text'))).toThrow(
    expect.objectContaining(UNREADABLE),
  )
})

it.each([
  ['binding', { ...FIELD, binding: 'b2' }],
  ['field', { ...FIELD, field: 'refresh_token' }],
  ['generation', { ...FIELD, generation: 2 }],
])('does not open a text for another %s', async (_, elsewhere) => {
  const { dataKey } = await envelopeOf(subject()).create('conn_a')
  const sealed = dataKey.seal(FIELD, 'text')

  expect(() => dataKey.open(elsewhere, sealed)).toThrow(expect.objectContaining(UNREADABLE))
})

it('asks the ring once for calls at the same time and until the cache forgets', async () => {
  const of = subject()
  const envelope = envelopeOf(of)
  const { wrapped } = await envelope.create('conn_a')

  await Promise.all(Array.from({ length: 50 }, () => envelope.open('conn_a', wrapped)))
  of.now = 999
  await envelope.open('conn_a', wrapped)
  expect(of.unwrapped).toHaveLength(1)
  of.now = 1000
  await envelope.open('conn_a', wrapped)
  expect(of.unwrapped).toHaveLength(2)
})

it('does not let its cache open for another document what the ring would not', async () => {
  const envelope = envelopeOf(subject())
  const { wrapped } = await envelope.create('conn_a')
  await envelope.open('conn_a', wrapped)

  await expect(envelope.open('conn_b', wrapped)).rejects.toMatchObject(UNREADABLE)
})

it('does not remember a failure', async () => {
  const of = subject()
  const { wrapped } = await envelopeOf(of).create('conn_a')
  let broken = true
  const unwrap: KeyRing['unwrap'] = async (text, context) => {
    if (broken) throw new Error('the key service does not answer')
    return of.keyRing.unwrap(text, context)
  }
  const envelope = envelopeOf({ ...of, keyRing: { ...of.keyRing, unwrap } })
  await expect(envelope.open('conn_a', wrapped)).rejects.toThrow('does not answer')

  broken = false

  await expect(envelope.open('conn_a', wrapped)).resolves.toBeDefined()
})

it('keeps as many opened keys as allowed, and forgets the one used longest ago', async () => {
  const of = subject()
  const envelope = envelopeOf(of, 2)
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((id) => envelope.create(id)))
  await envelope.open('a', a?.wrapped ?? '')
  await envelope.open('b', b?.wrapped ?? '')
  await envelope.open('a', a?.wrapped ?? '')
  await envelope.open('c', c?.wrapped ?? '')
  of.unwrapped.length = 0

  await envelope.open('a', a?.wrapped ?? '')
  await envelope.open('c', c?.wrapped ?? '')
  await envelope.open('b', b?.wrapped ?? '')

  expect(of.unwrapped).toEqual(['b'])
})

it('goes on working with a data key that the cache has forgotten meanwhile', async () => {
  const of = subject()
  const envelope = envelopeOf(of, 1)
  const a = await envelope.create('a')
  const b = await envelope.create('b')
  const held = await envelope.open('a', a.wrapped)

  await envelope.open('b', b.wrapped)

  expect(held.open(FIELD, held.seal(FIELD, 'text'))).toBe('text')
})

it('wipes the bytes that the ring gave it', async () => {
  const of = subject()
  const { wrapped } = await envelopeOf(of).create('conn_a')
  const given: Uint8Array[] = []
  const unwrap: KeyRing['unwrap'] = async (text, context) => {
    const bytes = await of.keyRing.unwrap(text, context)
    given.push(bytes)
    return bytes
  }

  await envelopeOf({ ...of, keyRing: { ...of.keyRing, unwrap } }).open('conn_a', wrapped)

  expect(given).toHaveLength(1)
  expect(given.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
})

it('refuses what a ring unwraps when it is not 32 bytes', async () => {
  const of = subject()
  const wrapped = await of.keyRing.wrap(randomBytes(16), 'conn_a')

  await expect(envelopeOf(of).open('conn_a', wrapped)).rejects.toMatchObject(UNREADABLE)
})

it('shows no key when a data key is printed', async () => {
  const of = subject()
  const seen: string[] = []
  const wrap: KeyRing['wrap'] = (bytes, context) => {
    seen.push(Buffer.from(bytes).toString('hex'), Buffer.from(bytes).toString('base64'))
    return of.keyRing.wrap(bytes, context)
  }
  const made = await envelopeOf({ ...of, keyRing: { ...of.keyRing, wrap } }).create('conn_a')

  const printed = inspect(made, { depth: null, showHidden: true })

  expect(seen).toHaveLength(2)
  expect(seen.filter((text) => printed.includes(text))).toEqual([])
})

it.each([0, 300_001, Number.NaN])('refuses to cache for %d ms', (cacheMs) => {
  expect(() => envelopeOf(subject(), 1, cacheMs)).toThrow(RangeError)
})

it('caches for five minutes if told so, and for at least one key', () => {
  expect(() => envelopeOf(subject(), 1, 300_000)).not.toThrow()
  expect(() => envelopeOf(subject(), 0)).toThrow(RangeError)
})

it('tells whose key or text does not open, and nothing when the ring has no answer', async () => {
  const of = subject()
  const told: string[] = []
  const onUnreadable = (id: string) => void told.push(id)
  const limits = { cacheMs: 1000, maxEntries: 100, clock: () => 0, onUnreadable }
  const envelope = createEnvelope({ keyRing: of.keyRing, ...limits })
  const { wrapped, dataKey } = await envelope.create('conn_a')
  const sealed = dataKey.seal(FIELD, 'a token')
  const away = { ...of.keyRing, unwrap: () => Promise.reject(new Error('no answer')) }

  dataKey.open(FIELD, sealed)
  await expect(
    createEnvelope({ keyRing: away, ...limits }).open('conn_a', wrapped),
  ).rejects.toThrow()
  expect(told).toEqual([])
  await expect(envelope.open('conn_b', wrapped)).rejects.toMatchObject(UNREADABLE)
  expect(told).toEqual(['conn_b'])
  expect(() => dataKey.open({ ...FIELD, generation: 2 }, sealed)).toThrow()
  expect(told).toEqual(['conn_b', 'conn_a'])
})
