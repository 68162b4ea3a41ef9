import { describe, expect, it } from '@jest/globals'
import type { Portal, Scope } from '../../../src/config/config.ts'
import { createApiKey } from '../../../src/portal/api-key.ts'
import { createAuthenticator } from '../../../src/portal/authenticate.ts'
import { Secret } from '../../../src/shared/secret.ts'

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

const setUp = () =>
  createAuthenticator([portalOf('acme', [first, second]), portalOf('other', [foreign])], pepper)

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
    const authenticator = createAuthenticator([portalOf('acme', [first])], another)

    expect(authenticator.identify(bearer(first))).toBeNull()
  })

  it('is not fooled by names that every object has', () => {
    for (const name of ['constructor', 'tostring', 'valueof'])
      expect(setUp().identify(`Bearer kg_${name}_${'A'.repeat(43)}`)).toBeNull()
  })
})

it('does not start with a hash that is none', () => {
  const entry = { ...first.entry, hash: 'AAAA' }

  expect(() =>
    createAuthenticator([{ ...portalOf('acme', []), apiKeys: [entry] }], pepper),
  ).toThrow(RangeError)
})
