import { expect, it } from '@jest/globals'
import { derivePurposeKey, type Purpose } from '../../../src/vault/derive-keys.ts'

/**
 * Made with OpenSSL 3.0.19, for a root of 32 bytes 0x0b: `openssl kdf -keylen 32 -kdfopt digest:SHA256
 * -kdfopt hexkey:<root> -kdfopt info:knoxgate/v1/<purpose> HKDF`.
 */
const BY_OPENSSL: readonly (readonly [Purpose, string])[] = [
  ['vault-wrap', '4fdcaac3263e40254ed186babab8f1f62e7d099211ce5e6874af7120d2b3d732'],
  ['csrf', 'd4e5598ef16caf940e6bb0fb6f79c7837ffa9e46f95a1def865878714d40b5f0'],
  ['cursor-mac', '331c43415d00f260c3220f14f939060948565d097389c4c3827ce05ec93e9d68'],
  ['tenant-ref', '9731fbec9a3066f3cffdc027e3f3cdc01d426e976c7e43248329952f8e5cda42'],
  ['token-fingerprint', 'bb3f24f4b3541feb154b330f3e240c89d2bc41a09e050e0f7669c9255964d984'],
]

it.each(BY_OPENSSL)('derives for %s what OpenSSL does', (purpose, expected) => {
  const key = derivePurposeKey(Buffer.alloc(32, 0x0b), purpose)

  expect(key.export().toString('hex')).toBe(expected)
})
