import { createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createApiKey, hashApiKey, parseApiKey, pepperKey } from '../../../src/portal/api-key.ts'
import { Secret } from '../../../src/shared/secret.ts'

const pepper = new Secret('pépper of at least thirty-two characters')
const SECRET_PART = 'A'.repeat(43)

describe('createApiKey', () => {
  it('makes a key of prefix, id and 256 random bits, and the entry that belongs to it', () => {
    const { apiKey, entry } = createApiKey(pepper, { scopes: ['connect', 'tokens'] })

    expect(apiKey.reveal()).toMatch(/^kg_[a-z2-7]{10}_[A-Za-z0-9_-]{43}$/)
    expect(parseApiKey(apiKey.reveal())).toEqual({ id: entry.id })
    expect(entry).toEqual({
      id: entry.id,
      hash: hashApiKey(pepper, apiKey.reveal()),
      scopes: ['connect', 'tokens'],
    })
  })

  it('takes the id that it is given', () => {
    const { apiKey, entry } = createApiKey(pepper, { scopes: ['tokens'], id: '2026-11' })

    expect(entry.id).toBe('2026-11')
    expect(apiKey.reveal()).toMatch(/^kg_2026-11_/)
  })

  it('never makes the same key or id twice', () => {
    const made = Array.from({ length: 1000 }, () => createApiKey(pepper, { scopes: ['tokens'] }))

    expect(new Set(made.map(({ apiKey }) => apiKey.reveal())).size).toBe(1000)
    expect(new Set(made.map(({ entry }) => entry.id)).size).toBe(1000)
  })
})

describe('hashApiKey', () => {
  it('is HMAC-SHA-256 of the whole key under the UTF-8 bytes of the pepper, base64url', () => {
    const apiKey = `kg_key1_${SECRET_PART}`

    const expected = createHmac('sha256', Buffer.from(pepper.reveal(), 'utf8'))
      .update(apiKey)
      .digest('base64url')

    expect(hashApiKey(pepper, apiKey)).toBe(expected)
    expect(hashApiKey(pepperKey(pepper), apiKey)).toBe(expected)
  })

  it('differs with the pepper and with the id', () => {
    const hashes = [
      hashApiKey(pepper, `kg_key1_${SECRET_PART}`),
      hashApiKey(pepper, `kg_key2_${SECRET_PART}`),
      hashApiKey(new Secret('another pepper'), `kg_key1_${SECRET_PART}`),
    ]

    expect(new Set(hashes).size).toBe(3)
  })
})

describe('parseApiKey', () => {
  it('finds the id, though the random part may hold the separator', () => {
    expect(parseApiKey(`kg_a-1_${'_'.repeat(43)}`)).toEqual({ id: 'a-1' })
  })

  it.each([
    '',
    'kg_',
    `kg__${SECRET_PART}`,
    `kg_Key_${SECRET_PART}`,
    `kg_-key_${SECRET_PART}`,
    `kg_${'k'.repeat(64)}_${SECRET_PART}`,
    `kg_key1_${SECRET_PART}A`,
    `kg_key1_${SECRET_PART.slice(1)}`,
    `kg_key1_${SECRET_PART.slice(1)}+`,
    `KG_key1_${SECRET_PART}`,
    ` kg_key1_${SECRET_PART}`,
    `kg_key1_${SECRET_PART}\n`,
  ])('refuses %j', (text) => {
    expect(parseApiKey(text)).toBeNull()
  })
})
