import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { parseKeysJson } from '../../../src/signing/keys-json.ts'
import { createSigner } from '../../../src/signing/signer.ts'
import { base64Of, keysJson, makeRsa } from './key-material.ts'

const keysOf = (bits: number) => {
  const { privateKey, publicKey } = makeRsa(bits)
  const halves = {
    Private: base64Of(privateKey, 'pkcs8'),
    Public: base64Of(publicKey, 'spki'),
  }
  return parseKeysJson(keysJson(halves), { allowLegacyRsa: true })
}

describe.each([
  ['2048 bits, by jose', keysOf(2048)],
  ['2047 bits, by node:crypto', keysOf(2047)],
  ['1024 bits, by node:crypto', keysOf(1024)],
])('a key of %s', (_name, keys) => {
  const publicKey = createPublicKey({
    key: Buffer.from(keys.publicKeySpki, 'base64'),
    format: 'der',
    type: 'spki',
  })

  it('signs with RS512 under a header of alg and typ', async () => {
    const [header = '', payload = '', signature = ''] = (
      await createSigner(keys).sign({ b: 'ü', a: 1 })
    ).split('.')

    expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"RS512","typ":"JWT"}')
    expect(Buffer.from(payload, 'base64url').toString()).toBe('{"b":"ü","a":1}')
    const bytes = Buffer.from(signature, 'base64url')
    expect(verify('RSA-SHA512', Buffer.from(`${header}.${payload}`), publicKey, bytes)).toBe(true)
  })

  it('leaves the event loop free while 200 signatures are made', async () => {
    const signer = createSigner(keys)
    let ticks = 0
    let signing = true
    const tick = () => {
      ticks += 1
      if (signing) setImmediate(tick)
    }
    setImmediate(tick)

    await Promise.all(Array.from({ length: 200 }, (_, n) => signer.sign({ n })))
    signing = false

    // Made on the event loop, all of them would end in the first turn or two.
    expect(ticks).toBeGreaterThan(10)
  })
})
