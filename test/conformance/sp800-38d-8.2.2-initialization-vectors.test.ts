import { createSecretKey, randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { sealBytes } from '../../src/vault/seal.ts'

const SEALED = 1_000_000
const SLOW_MS = 120_000

it(
  'a million sealed texts have a million initialization vectors of 96 bits',
  () => {
    const key = createSecretKey(randomBytes(32))
    const nothing = Buffer.alloc(0)
    const seen = new Set<string>()
    for (let n = 0; n < SEALED; n += 1) {
      const sealed = sealBytes(key, [], nothing)
      seen.add(sealed.slice(0, sealed.indexOf('.')))
    }

    expect(seen.size).toBe(SEALED)
    expect([...seen].every((iv) => Buffer.from(iv, 'base64url').length === 12)).toBe(true)
  },
  SLOW_MS,
)
