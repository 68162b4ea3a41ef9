import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readSshRsaBlob } from '../../../src/signing/ssh-rsa.ts'
import { makeRsa, sshBlobOf } from './key-material.ts'

const { publicKey } = makeRsa(1024)
const blob = Buffer.from(sshBlobOf(publicKey), 'base64')

/** Length-prefixed strings, RFC 4251 §5. */
const strings = (...fields: readonly Buffer[]): Buffer =>
  Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(field.length)
      return [length, field]
    }),
  )

const name = Buffer.from('ssh-rsa')
const e = Buffer.from([1, 0, 1])
const n = Buffer.from([0x00, 0x80, 0x01])

describe('an ssh-rsa blob', () => {
  it('becomes the JWK of the same key', () => {
    const { kty, e: exponent, n: modulus } = publicKey.export({ format: 'jwk' })

    expect(readSshRsaBlob(blob)).toEqual({ kty, n: modulus, e: exponent })
  })

  it('loses the zero byte that keeps a number positive', () => {
    expect(readSshRsaBlob(strings(name, e, n))).toEqual({ kty: 'RSA', n: 'gAE', e: 'AQAB' })
  })

  it.each([
    ['another algorithm', strings(Buffer.from('ssh-dss'), e, n)],
    ['a negative number', strings(name, e, Buffer.from([0x80]))],
    ['an empty number', strings(name, e, Buffer.alloc(0))],
    ['the number zero', strings(name, Buffer.alloc(1), n)],
    ['a number of more than 16,384 bits', strings(name, e, Buffer.alloc(2050, 1))],
    ['two fields', strings(name, e)],
    ['four fields', strings(name, e, n, n)],
    ['one byte more', Buffer.concat([blob, Buffer.alloc(1)])],
  ])('is refused with %s', (_what, bytes) => {
    expect(readSshRsaBlob(bytes)).toBeNull()
  })

  it('is refused when it is cut anywhere', () => {
    for (let end = 0; end < blob.length; end += 1) {
      expect(readSshRsaBlob(blob.subarray(0, end))).toBeNull()
    }
  })

  it('is never found in bytes that do not begin like one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        fc.pre(!Buffer.from(bytes).subarray(4).toString('latin1').startsWith('ssh-rsa'))
        expect(readSshRsaBlob(Buffer.from(bytes))).toBeNull()
      }),
    )
  })
})
