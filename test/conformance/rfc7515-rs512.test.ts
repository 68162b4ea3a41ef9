/** RFC 7515 §3.1, §7.1 and RFC 7518 §3.3: compact serialisation with RS512. */
import { sign, verify } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { parseKeysJson } from '../../src/signing/keys-json.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { base64Of, keysJson, makeRsa } from '../unit/signing/key-material.ts'

describe.each([
  ['jose', 2048],
  ['node:crypto', 1024],
])('a JWS made by %s', (_maker, bits) => {
  const { privateKey, publicKey } = makeRsa(bits)
  const file = { Private: base64Of(privateKey, 'pkcs8'), Public: base64Of(publicKey, 'spki') }
  const signer = createSigner(parseKeysJson(keysJson(file), { allowLegacyRsa: true }))
  const claims = { text: 'ünïcödé ⚙ "quoted" \u2028', number: 1_760_000_000 }

  it('is three base64url parts without padding', async () => {
    expect(await signer.sign(claims)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  it('has the JSON of its header and claims in UTF-8', async () => {
    const [header = '', payload = ''] = (await signer.sign(claims)).split('.')

    expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"RS512","typ":"JWT"}')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(claims)
  })

  it('is signed over header and payload with RSASSA-PKCS1-v1_5 and SHA-512', async () => {
    const jws = await signer.sign(claims)
    const [header, payload, signature] = jws.split('.')

    // The scheme has no randomness, so there is exactly one right signature.
    const expected = sign('RSA-SHA512', Buffer.from(`${header}.${payload}`), privateKey)
    expect(signature).toBe(expected.toString('base64url'))
    expect(Buffer.from(signature ?? '', 'base64url')).toHaveLength(bits / 8)
  })

  it('does not verify once any part is changed', async () => {
    const [header = '', payload = '', signature = ''] = (await signer.sign(claims)).split('.')
    const other = Buffer.from(signature, 'base64url')
    other.writeUInt8(other.readUInt8(9) ^ 1, 9)
    const check = (input: string, bytes: Buffer) =>
      verify('RSA-SHA512', Buffer.from(input), publicKey, bytes)

    const right = Buffer.from(signature, 'base64url')
    expect(check(`${header}.${payload}`, right)).toBe(true)
    expect(check(`${header}.${payload}A`, right)).toBe(false)
    expect(check(`${header}A.${payload}`, right)).toBe(false)
    expect(check(`${header}.${payload}`, other)).toBe(false)
  })
})
