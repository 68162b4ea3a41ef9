import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { apiKey, load, placesOf, portal, problemsOf } from './valid-config.ts'

const FILE = 'config/portals.json'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = pair.publicKey.export({ format: 'jwk' })
const privateJwk = pair.privateKey.export({ format: 'jwk' })

const key = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 'signs-1',
  public_key: jwk,
  scopes: ['tokens'],
  ...changes,
})
const withKeys = (...keys: readonly unknown[]) => ({ portals: [portal({ assertion_keys: keys })] })
const keysOf = (changes: Parameters<typeof load>[0]) => load(changes).portals[0]?.assertionKeys

describe('assertion_keys', () => {
  it('are read as they stand, with the algorithm that they are bound to', () => {
    const limits = {
      programs: ['emm-eu'],
      cidrs: ['192.0.2.0/24', '2001:db8::/32'],
      expires_at: '2027-11-20T00:00:00Z',
    }

    expect(keysOf(withKeys(key(limits)))).toEqual([
      {
        id: 'signs-1',
        hash: expect.stringMatching(/^[\w-]{43}$/),
        publicKey: { ...jwk, alg: 'ES256' },
        scopes: ['tokens'],
        programs: ['emm-eu'],
        cidrs: ['192.0.2.0/24', '2001:db8::/32'],
        expiresAt: Date.parse('2027-11-20T00:00:00Z'),
      },
    ])
    expect(keysOf(withKeys(key()))?.[0]).not.toHaveProperty('expiresAt')
    expect(keysOf({})).toBeUndefined()
  })

  it('may be in files of their own', () => {
    const reference = { public_key: { file: 'keys/signs-1.json' } }
    const files = (text: string | undefined) => ({ files: { 'config/keys/signs-1.json': text } })
    const changes = withKeys(key(reference))

    expect(keysOf({ ...changes, ...files(JSON.stringify(jwk)) })?.[0]?.publicKey).toEqual({
      ...jwk,
      alg: 'ES256',
    })
    for (const text of [undefined, '', '{', '[]', JSON.stringify(privateJwk)])
      expect(placesOf({ ...changes, ...files(text) })).toEqual([
        `${FILE} [0].assertion_keys[0].public_key`,
      ])
  })

  it.each([
    [{ id: 'Signs_1' }, 'id'],
    [{ public_key: undefined }, 'public_key'],
    [{ public_key: 'text' }, 'public_key'],
    [{ public_key: privateJwk }, 'public_key'],
    [{ public_key: { kty: 'oct', k: 'c2VjcmV0' } }, 'public_key'],
    [{ public_key: { ...jwk, alg: 'none' } }, 'public_key'],
    [{ public_key: { ...jwk, use: 'enc' } }, 'public_key'],
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['admin'] }, 'scopes[0]'],
    [{ programs: [] }, 'programs'],
    [{ cidrs: ['192.0.2.0/33'] }, 'cidrs[0]'],
    [{ cidrs: ['::ffff:192.0.2.0/120'] }, 'cidrs[0]'],
    [{ expires_at: '2027-11-20' }, 'expires_at'],
    [{ expires_at: '2027-13-20T00:00:00Z' }, 'expires_at'],
    [{ expires_at: 1_826_668_800 }, 'expires_at'],
    [{ hash: 'h'.repeat(43) }, 'hash'],
  ])('are refused with %j', (changes, field) => {
    expect(placesOf(withKeys(key(changes)))).toEqual([`${FILE} [0].assertion_keys[0].${field}`])
  })

  it('say plainly that a private key does not belong here, and show nothing of it', () => {
    const problems = problemsOf(withKeys(key({ public_key: privateJwk })))

    expect(problems).toEqual([
      expect.objectContaining({ rule: expect.stringContaining('must stay with the portal') }),
    ])
    expect(JSON.stringify(problems)).not.toContain(privateJwk.d ?? '')
  })

  it('open programs of their portal only', () => {
    expect(placesOf(withKeys(key({ programs: ['emm-us'] })))).toEqual([
      `${FILE} [0].assertion_keys`,
    ])
  })

  it('are two at most, so that one can be replaced while the other works', () => {
    const keys = ['a', 'b', 'c'].map((id) => key({ id }))

    expect(placesOf(withKeys())).toEqual([])
    expect(placesOf(withKeys(...keys.slice(0, 2)))).toEqual([])
    expect(placesOf(withKeys(...keys))).toEqual([`${FILE} [0].assertion_keys`])
  })

  it('have ids that no other key has, of either sort and in any portal', () => {
    const own = portal({ assertion_keys: [key({ id: apiKey().id })] })
    const other = portal({ id: 'other', api_keys: [], assertion_keys: [key()] })

    expect(placesOf({ portals: [own] })).toEqual([`${FILE} [0].assertion_keys[0].id`])
    expect(placesOf({ portals: [portal({ assertion_keys: [key()] }), other] })).toEqual([
      `${FILE} [1].assertion_keys[0].id`,
    ])
  })
})
