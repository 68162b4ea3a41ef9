import { hkdfSync, randomBytes } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { derivePurposeKey, PURPOSES } from '../../../src/vault/derive-keys.ts'

const ROOT = randomBytes(32)

const derived = (root: Uint8Array): string[] =>
  PURPOSES.map((purpose) => derivePurposeKey(root, purpose).export().toString('hex'))

it('derives another 32 bytes for every purpose and every root', () => {
  const keys = [...derived(ROOT), ...derived(randomBytes(32)), ROOT.toString('hex')]

  expect(new Set(keys).size).toBe(2 * PURPOSES.length + 1)
  expect(keys.every((key) => key.length === 64)).toBe(true)
})

it('derives the same keys from the same root, in every process', () => {
  expect(derived(Buffer.from(ROOT))).toEqual(derived(ROOT))
})

it('is HKDF-SHA-256 without salt, with the purpose in `info`', () => {
  const expected = Buffer.from(hkdfSync('sha256', ROOT, '', 'knoxgate/v1/csrf', 32))

  expect(derivePurposeKey(ROOT, 'csrf').export()).toEqual(expected)
})

it('has not changed, since everything derived would change with it', () => {
  const root = Buffer.from('a root secret that is frozen here')

  expect(derivePurposeKey(root, 'tenant-ref').export().toString('hex')).toBe(
    '498fd8d6b14aa004d4e0b2d558be8de84cef76dd4681ccb62434f7b3c99f9572',
  )
})

it('refuses a root of 15 bytes and takes one of 16', () => {
  expect(() => derivePurposeKey(randomBytes(15), 'csrf')).toThrow(RangeError)
  expect(derivePurposeKey(randomBytes(16), 'csrf').symmetricKeySize).toBe(32)
})

it('leaves the root as it was', () => {
  const root = Buffer.from(ROOT)

  derivePurposeKey(root, 'csrf')

  expect(root).toEqual(ROOT)
})
