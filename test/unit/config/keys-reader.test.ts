import { beforeEach, describe, expect, it } from '@jest/globals'
import type { FileReading } from '../../../src/config/files.ts'
import { createKeysReader } from '../../../src/config/keys-reader.ts'
import { parseKeys } from '../../../src/config/read-config.ts'
import { KEYS_JSON, newKeysJson } from './valid-config.ts'

const PATH = 'config/keys/emm-eu.json'
const PLAIN = { allowLegacyRsa: false }

let file: FileReading
beforeEach(() => {
  file = { text: KEYS_JSON, mode: 0o640 }
})

const read = (strict: boolean, program = PLAIN, elsewhere: readonly string[] = []) =>
  createKeysReader({ read: (path) => (path === PATH ? file : 'missing') }, parseKeys, strict)(
    PATH,
    program,
    elsewhere,
  )
const thumbprint = (): string => {
  const found = read(true)
  return 'keys' in found ? found.keys.thumbprint : ''
}

describe('a key file that is read again', () => {
  it('is read as at the start', () => {
    expect(read(true)).toMatchObject({ keys: { modulusBits: 2048 } })
  })

  it.each<[string, FileReading, string]>([
    ['is gone', 'missing', 'does not exist'],
    ['cannot be read', 'unreadable', 'cannot be read'],
    ['is empty', { text: '\n', mode: 0o600 }, 'empty file'],
    ['is readable for everybody', { text: KEYS_JSON, mode: 0o644 }, 'chmod 640'],
    ['may be written by its group', { text: KEYS_JSON, mode: 0o660 }, 'chmod 640'],
    ['is no key file', { text: '{"Public": "x"}', mode: 0o600 }, 'Private is missing'],
    ['holds a short key', { text: newKeysJson(1024), mode: 0o600 }, 'at least 2048 bits'],
  ])('is refused when it %s', (_, found, rule) => {
    file = found

    expect(read(true)).toEqual({ rule: expect.stringContaining(rule) })
  })

  it('may be readable for everybody in development', () => {
    file = { text: KEYS_JSON, mode: 0o644 }

    expect(read(false)).toHaveProperty('keys')
  })

  it('may hold a short key where the program allows it', () => {
    file = { text: newKeysJson(1024), mode: 0o600 }

    expect(read(true, { allowLegacyRsa: true })).toMatchObject({ keys: { modulusBits: 1024 } })
  })

  it('is refused in strict mode when it is the key of another region', () => {
    const elsewhere = [thumbprint()]

    expect(read(true, PLAIN, elsewhere)).toEqual({ rule: expect.stringContaining('region') })
    expect(read(false, PLAIN, elsewhere)).toHaveProperty('keys')
    expect(read(true, PLAIN, ['another-thumbprint'])).toHaveProperty('keys')
  })
})
