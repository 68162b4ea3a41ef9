import { describe, expect, it } from '@jest/globals'
import type { KeySource, KnownKey } from '../../../src/access/known-keys.ts'
import type { Portal, Scope } from '../../../src/config/config.ts'
import { createApiKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { callerOf, configuredKeys } from '../access/support/keys.ts'

const pepper = new Secret('a pepper of at least thirty-two characters')
const make = (scopes: readonly Scope[]) => createApiKey(pepper, { scopes })

const [first, second, foreign] = [make(['tokens']), make(['connect', 'tokens']), make(['connect'])]

const portalOf = (id: string, keys: readonly ReturnType<typeof make>[]): Portal => ({
  id,
  name: id,
  returnUrls: [],
  programs: [],
  apiKeys: keys.map(({ entry }) => entry),
})

/** One who knows the keys of these portals, and looks at nothing but the header. */
function knowing(portals: readonly Portal[], secret = pepper) {
  const keys = configuredKeys(portals)
  const { identify } = createAuthenticator({
    keys,
    pepper: secret,
    addressOf: () => null,
    clock: () => 0,
  })
  return { identify: (header: string | undefined) => identify(callerOf(header)) }
}

const setUp = () => knowing([portalOf('acme', [first, second]), portalOf('other', [foreign])])

const bearer = ({ apiKey }: ReturnType<typeof make>) => `Bearer ${apiKey.reveal()}`

describe('identify', () => {
  it('knows each of a portal’s keys, with its own scopes, every time', () => {
    const authenticator = setUp()
    for (let i = 0; i < 3; i++) {
      expect(authenticator.identify(bearer(first))).toMatchObject({
        portal: { id: 'acme' },
        apiKeyId: first.entry.id,
        scopes: new Set(['tokens']),
      })
      expect(authenticator.identify(bearer(second))?.scopes).toEqual(new Set(['connect', 'tokens']))
      expect(authenticator.identify(bearer(foreign))?.portal.id).toBe('other')
    }
  })

  it.each([
    ['bearer', true],
    ['BEARER', true],
    ['Bearer ', true],
    ['Basic', false],
    ['Bearerx', false],
    ['', false],
  ])('takes the scheme %j: %j (RFC 9110 §11.1: in any letters)', (scheme, taken) => {
    const principal = setUp().identify(`${scheme} ${first.apiKey.reveal()}`)

    expect(principal !== null).toBe(taken)
  })

  it('knows nobody without a key', () => {
    const authenticator = setUp()

    for (const header of [undefined, '', 'Bearer', 'Bearer ', first.apiKey.reveal()])
      expect(authenticator.identify(header)).toBeNull()
  })

  it('knows nobody by half a key', () => {
    const authenticator = setUp()
    const [key, otherKey] = [first.apiKey.reveal(), second.apiKey.reveal()]
    const random = key.slice(-43)
    const forged = [
      `kg_${second.entry.id}_${random}`,
      `kg_${foreign.entry.id}_${random}`,
      `kg_${first.entry.id}_${otherKey.slice(-43)}`,
      `kg_unknown_${random}`,
      `kg_${first.entry.id}_${'A'.repeat(43)}`,
      key.toUpperCase(),
      `${key} `,
      `${key},${otherKey}`,
      key.slice(0, -1),
      `${key}A`,
      `kg_${first.entry.id}_${first.entry.hash}`,
    ]

    // Also after the right key has been seen.
    for (const seen of [false, true]) {
      if (seen) authenticator.identify(bearer(first))
      for (const text of forged) expect(authenticator.identify(`Bearer ${text}`)).toBeNull()
    }
  })

  it('notices every changed character of a key that it has seen', () => {
    const authenticator = setUp()
    const key = first.apiKey.reveal()
    authenticator.identify(bearer(first))

    for (let at = 3; at < key.length; at++) {
      const changed = `${key.slice(0, at)}${key[at] === 'b' ? 'c' : 'b'}${key.slice(at + 1)}`
      expect(authenticator.identify(`Bearer ${changed}`)).toBeNull()
    }
  })

  it('knows nobody under another pepper', () => {
    const another = new Secret('another pepper of thirty-two characters')
    const authenticator = knowing([portalOf('acme', [first])], another)

    expect(authenticator.identify(bearer(first))).toBeNull()
  })

  it('is not fooled by names that every object has', () => {
    for (const name of ['constructor', 'tostring', 'valueof'])
      expect(setUp().identify(`Bearer kg_${name}_${'A'.repeat(43)}`)).toBeNull()
  })
})

it('does not start with a hash that is none', () => {
  const entry = { ...first.entry, hash: 'AAAA' }

  expect(() => knowing([{ ...portalOf('acme', []), apiKeys: [entry] }])).toThrow(RangeError)
})

describe('a key that is bound', () => {
  const networks = (address: string | null, cidrs?: readonly string[]) => {
    const known: KnownKey = {
      portal: portalOf('acme', []),
      ...first.entry,
      ...(cidrs === undefined ? {} : { cidrs }),
    }
    const keys = { ...configuredKeys([]), known: () => [known] }
    const deps = { pepper, addressOf: () => address, clock: () => 0 }
    return createAuthenticator({ keys: once(keys), ...deps })
  }

  it.each([
    ['from anywhere', null, undefined, true],
    ['from within', '192.0.2.7', ['192.0.2.0/24'], true],
    ['from without', '192.0.3.7', ['192.0.2.0/24'], false],
    ['from one of two networks', '2001:db8::1', ['192.0.2.0/24', '2001:db8::/32'], true],
    ['from nobody knows where', null, ['192.0.2.0/24'], false],
  ])('to networks opens %s or not', (_, address, cidrs, opened) => {
    const { identify, explain } = networks(address, cidrs)
    // Also once it is proven.
    for (let i = 0; i < 2; i++) {
      expect(identify(callerOf(bearer(first))) !== null).toBe(opened)
      const why = { apiKeyId: first.entry.id, reason: 'address' }
      expect(explain(callerOf(bearer(first)))).toEqual(opened ? null : why)
    }
  })

  it('explains nothing of a key that is not proven', () => {
    const { explain } = networks('192.0.3.7', ['192.0.2.0/24'])

    for (const text of [`kg_${first.entry.id}_${'A'.repeat(43)}`, `kg_unknown_${'A'.repeat(43)}`])
      expect(explain(callerOf(`Bearer ${text}`))).toBeNull()
  })

  it('to programs has a portal with those of them that are the portal’s', () => {
    const portal = { ...portalOf('acme', []), programs: ['emm-eu', 'emm-us'] }
    const known = [{ portal, ...first.entry, programs: ['emm-us', 'gone'] }]
    const deps = { pepper, addressOf: () => null, clock: () => 0 }
    const keys = once({ ...configuredKeys([]), known: () => known })
    const principal = createAuthenticator({ keys, ...deps }).identify(callerOf(bearer(first)))

    expect(principal?.portal.programs).toEqual(['emm-us'])
    expect(principal?.programs).toEqual(new Set(['emm-us', 'gone']))
  })
})

/** The same list every time, as a source must give it while nothing changes. */
function once(keys: KeySource): KeySource {
  const known = keys.known()
  return { ...keys, known: () => known }
}

describe('keys that change', () => {
  it('are known, and known no more, with the next request', () => {
    let known: readonly KnownKey[] = []
    const keys = { ...configuredKeys([]), known: () => known }
    const deps = { pepper, addressOf: () => null, clock: () => 0 }
    const { identify } = createAuthenticator({ keys, ...deps })
    const key = { portal: portalOf('acme', []), ...first.entry }
    expect(identify(callerOf(bearer(first)))).toBeNull()

    known = [key]
    expect(identify(callerOf(bearer(first)))?.apiKeyId).toBe(first.entry.id)
    known = [{ ...key, scopes: ['connect'] }]
    expect(identify(callerOf(bearer(first)))?.scopes).toEqual(new Set(['connect']))
    known = [{ ...key, hash: second.entry.hash }]
    expect(identify(callerOf(bearer(first)))).toBeNull()
    known = []
    expect(identify(callerOf(bearer(first)))).toBeNull()
  })

  it('tell that they are used, once in five minutes each, and not when they are refused', () => {
    let now = 1_000_000
    const told: string[] = []
    const keys = {
      ...once(configuredKeys([portalOf('acme', [first, second])])),
      noteUse: (id: string) => void told.push(id),
    }
    const deps = { pepper, addressOf: () => null, clock: () => now }
    const { identify } = createAuthenticator({ keys, ...deps })
    const use = () => identify(callerOf(bearer(first)))

    identify(callerOf(`Bearer kg_${second.entry.id}_${'A'.repeat(43)}`))
    use()
    now += 299_999
    use()
    expect(told).toEqual([first.entry.id])
    now += 1
    use()
    expect(told).toEqual([first.entry.id, first.entry.id])
  })
})
