import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type KeyedCall, nameCall } from '../../../src/idempotency/names.ts'

const KEY = createSecretKey(randomBytes(32))
const CALL: KeyedCall = {
  portalId: 'acme',
  apiKeyId: 'key-1',
  route: 'POST /v1/connect-sessions',
  key: 'retry-1',
  body: { tenant_ref: 'tenant-1', program: 'emm-eu' },
}
const nameOf = (changes: Partial<KeyedCall> = {}) => nameCall(KEY, { ...CALL, ...changes })

describe('the id of a call', () => {
  it.each<Partial<KeyedCall>>([
    { portalId: 'other' },
    { apiKeyId: 'key-2' },
    { route: 'POST /v1/connections' },
    { key: 'retry-2' },
    { portalId: 'acmekey-1', apiKeyId: '' },
    { portalId: 'acme","key-1' },
  ])('is another one with %j', (changes) => {
    expect(nameOf(changes).id).not.toBe(nameOf().id)
  })

  it('is the same whatever the body is, and another one under another key', () => {
    expect(nameOf({ body: {} }).id).toBe(nameOf().id)
    expect(nameCall(createSecretKey(randomBytes(32)), CALL).id).not.toBe(nameOf().id)
  })

  it('is fit for a key of the store', () => {
    expect(nameOf({ key: '}:{"\\' }).id).toMatch(/^idem_[\w-]{43}$/)
  })
})

describe('the fingerprint of a body', () => {
  it('does not depend on the order of members, at any depth', () => {
    const body = { a: 1, b: { c: [1, 2], d: null } }

    expect(nameOf({ body: { b: { d: null, c: [1, 2] }, a: 1 } }).fingerprint).toBe(
      nameOf({ body }).fingerprint,
    )
  })

  it.each([
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: { b: 1 } }, { a: [1] }],
    [{ a: {} }, { a: [] }],
    [{ a: null }, {}],
    [{}, undefined],
  ])('tells %j from %j', (one, other) => {
    expect(nameOf({ body: one }).fingerprint).not.toBe(nameOf({ body: other }).fingerprint)
  })

  it('does not show that two calls have the same body', () => {
    expect(nameOf({ key: 'retry-2' }).fingerprint).not.toBe(nameOf().fingerprint)
  })

  it('is the same exactly for the same JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (one, other) => {
        const asSent = (body: unknown) => nameOf({ body: JSON.parse(JSON.stringify(body)) })
        expect(asSent(one).fingerprint).toBe(nameOf({ body: shuffled(one) }).fingerprint)
        expect(asSent(one).fingerprint === asSent(other).fingerprint).toBe(isSame(one, other))
      }),
      { numRuns: 300 },
    )
  })
})

/** The same value with the members of all objects in the opposite order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, shuffled(member)] as const)
  return Object.fromEntries(members.toReversed())
}

function isSame(one: unknown, other: unknown): boolean {
  try {
    // Strict on everything but the order of members, and -0, which JSON does not have.
    expect(JSON.parse(JSON.stringify(one))).toStrictEqual(JSON.parse(JSON.stringify(other)))
    return true
  } catch {
    return false
  }
}
