import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decryptGcm, encryptGcm } from '../../../src/vault/seal.ts'
import { type AesBlock, gcmReference } from '../../support/gcm-reference.ts'
import { readResponseFile, type VectorCase } from '../../support/response-file.ts'

const CASES = readResponseFile(new URL('../../vectors/aes-256-gcm.rsp', import.meta.url))
const UNREADABLE = expect.objectContaining({ code: 'record_unreadable' })

const open = (one: VectorCase, tag = one.bytes('Tag')) =>
  decryptGcm(
    one.bytes('Key'),
    one.bytes('IV'),
    one.bytes('AAD'),
    Buffer.concat([one.bytes('CT'), tag]),
  )

const aesOf =
  (key: Buffer): AesBlock =>
  (block) => {
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(block), cipher.final()])
  }

const good = CASES.filter(({ fails }) => !fails)
const bad = CASES.filter(({ fails }) => fails)

describe('AES-256-GCM, by the corpus,', () => {
  it('is held against 48 good cases and 88 bad ones', () => {
    expect([good.length, bad.length]).toEqual([48, 88])
  })

  it.each(good)('seals and opens: $what', (one) => {
    const sealed = encryptGcm(one.bytes('Key'), one.bytes('IV'), one.bytes('AAD'), one.bytes('PT'))

    expect(sealed).toEqual(Buffer.concat([one.bytes('CT'), one.bytes('Tag')]))
    expect(open(one)).toEqual(one.bytes('PT'))
  })

  it.each(bad)('refuses: $what', (one) => {
    expect(() => open(one)).toThrow(UNREADABLE)
  })

  it('refuses every tag that is cut, or too long', () => {
    for (const one of good) {
      for (let length = 0; length < 16; length += 1) {
        expect(() => open(one, one.bytes('Tag').subarray(0, length))).toThrow(UNREADABLE)
      }
      const long = Buffer.concat([one.bytes('Tag'), Buffer.alloc(1)])
      expect(() => open(one, long)).toThrow(UNREADABLE)
    }
  })

  it('refuses every IV that is not of 12 bytes, and every key that is not of 32', () => {
    const [first] = good
    if (first === undefined) throw new Error('no case')
    const sealed = Buffer.concat([first.bytes('CT'), first.bytes('Tag')])
    for (const length of [0, 1, 4, 8, 11, 13, 16, 32]) {
      const iv = Buffer.concat([first.bytes('IV'), Buffer.alloc(32)]).subarray(0, length)
      expect(() => decryptGcm(first.bytes('Key'), iv, first.bytes('AAD'), sealed)).toThrow(
        UNREADABLE,
      )
    }
    for (const length of [0, 16, 24, 31, 33]) {
      const key = Buffer.alloc(length)
      expect(() => decryptGcm(key, first.bytes('IV'), first.bytes('AAD'), sealed)).toThrow()
      expect(() => encryptGcm(key, first.bytes('IV'), Buffer.alloc(0), Buffer.alloc(0))).toThrow()
    }
  })
})

it('is, for any input, the mode as its standard defines it', () => {
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
  const some = fc.uint8Array({ maxLength: 70 }).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(bytes(32), bytes(12), some, some, (key, iv, aad, text) => {
      const { ciphertext, tag } = gcmReference(aesOf(key), iv, aad, text)
      expect(encryptGcm(key, iv, aad, text)).toEqual(Buffer.concat([ciphertext, tag]))
    }),
  )
})
