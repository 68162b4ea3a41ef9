import { describe, expect, it } from '@jest/globals'
import { NO_CREDENTIALS, type StoredKey } from '../../../src/access/credential-record.ts'
import { addKey, MAX_KEYS } from '../../../src/access/credential-transitions.ts'
import { knownKeys } from '../../../src/access/known-keys.ts'
import { portalOf } from './support/book.ts'

const NOW = 1_000_000_000_000

const aKey = (id: string, changes: Partial<StoredKey> = {}): StoredKey => ({
  id,
  portalId: 'acme',
  hash: 'h'.repeat(43),
  scopes: ['tokens'],
  createdAt: NOW,
  createdBy: 'operate',
  ...changes,
})

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => aKey(`key${i}`, { portalId: `portal${i % 50}` }))

describe('the number of keys', () => {
  it('has a limit over all portals, ends of configured keys counted', () => {
    const full = { ...NO_CREDENTIALS, keys: many(MAX_KEYS - 1) }
    const end = { id: 'boot', portalId: 'acme', hash: 'x', revokedAt: NOW }

    expect(addKey(full, aKey('last'), NOW).keys).toHaveLength(MAX_KEYS)
    for (const book of [
      { ...full, keys: many(MAX_KEYS) },
      { ...full, configured: [end] },
    ])
      expect(() => addKey(book, aKey('more'), NOW)).toThrow(/all portals together/)
  })
})

describe('keys of a book', () => {
  const acme = portalOf('acme', {
    apiKeys: [{ id: 'boot', hash: 'c'.repeat(43), scopes: ['tokens'] }],
  })

  it('open nothing for a portal that has left the configuration', () => {
    const keys = [aKey('key1', { portalId: 'gone' }), aKey('key2')]

    const known = knownKeys([acme], { ...NO_CREDENTIALS, keys }, () => true)
    expect(known.map(({ id }) => id)).toEqual(['boot', 'key2'])
  })

  it('do not take the place of a key of the configuration', () => {
    const known = knownKeys([acme], { ...NO_CREDENTIALS, keys: [aKey('boot')] }, () => true)

    expect(known).toMatchObject([{ id: 'boot', hash: 'c'.repeat(43) }])
  })

  it('have the scopes that this version knows', () => {
    const keys = [aKey('key1', { scopes: ['tokens', 'scope_of_tomorrow'] })]

    expect(knownKeys([acme], { ...NO_CREDENTIALS, keys }, () => true)[1]?.scopes).toEqual([
      'tokens',
    ])
  })
})
