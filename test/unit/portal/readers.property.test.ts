import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createApiKey, hashApiKey, parseApiKey } from '../../../src/portal/api-key.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const pepper = new Secret('a pepper of at least thirty-two characters')
const made = createApiKey(pepper, { scopes: ['tokens'] })

describeReaders([{ name: 'parseApiKey', read: parseApiKey, good: [made.apiKey.reveal()] }])

describe('an API key', () => {
  it('names its id, whatever that is, and is known by its hash alone', () => {
    const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/)
    fc.assert(
      fc.property(id, (name) => {
        const { apiKey, entry } = createApiKey(pepper, { scopes: [], id: name })
        expect(parseApiKey(apiKey.reveal())).toEqual({ id: name })
        expect(hashApiKey(pepper, apiKey.reveal())).toBe(entry.hash)
        expect(JSON.stringify(entry)).not.toContain(apiKey.reveal().slice(-43))
      }),
    )
  })
})
