import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decryptGcm, encryptGcm, openText, sealText } from '../../../src/vault/seal.ts'
import { GCM_VECTORS } from './seal-vectors.ts'

const KEY = createSecretKey(randomBytes(32))
const PARTS = ['knoxgate/v1', 'conn_a', 'b1', 'access_token', 3] as const
const UNREADABLE = expect.objectContaining({ code: 'record_unreadable' })

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** The text with one character of one of its parts replaced by another of the alphabet. */
function flip(text: string, at: number): string {
  const other = text[at] === 'A' ? 'B' : 'A'
  return text.slice(0, at) + other + text.slice(at + 1)
}

describe('AES-256-GCM', () => {
  it.each(GCM_VECTORS)('agrees with $name', ({ key, iv, aad, plaintext, ciphertext, tag }) => {
    const sealed = encryptGcm(hex(key), hex(iv), hex(aad), hex(plaintext))

    expect(sealed.toString('hex')).toBe(ciphertext + tag)
    expect(decryptGcm(hex(key), hex(iv), hex(aad), sealed).toString('hex')).toBe(plaintext)
  })

  it.each(GCM_VECTORS)('refuses $name with any bit of the tag changed', (vector) => {
    const { key, iv, aad, ciphertext, tag } = vector
    for (let bit = 0; bit < 128; bit += 1) {
      const changed = hex(tag)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)

      const open = () =>
        decryptGcm(hex(key), hex(iv), hex(aad), Buffer.concat([hex(ciphertext), changed]))

      expect(open).toThrow(UNREADABLE)
    }
  })

  it.each([4, 8, 12, 13, 14, 15])('refuses a tag cut to %i bytes', (length) => {
    const [vector] = GCM_VECTORS
    const tag = hex(vector.tag).subarray(0, length)

    const open = () => decryptGcm(hex(vector.key), hex(vector.iv), hex(vector.aad), tag)

    expect(open).toThrow(UNREADABLE)
  })

  it.each([0, 8, 11, 13, 16])('refuses an IV of %i bytes', (length) => {
    const sealed = encryptGcm(KEY, randomBytes(12), Buffer.alloc(0), Buffer.from('text'))

    expect(() => decryptGcm(KEY, randomBytes(length), Buffer.alloc(0), sealed)).toThrow(UNREADABLE)
  })
})

describe('a sealed text', () => {
  it('opens again, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
        expect(openText(KEY, PARTS, sealText(KEY, PARTS, text))).toBe(text)
      }),
    )
  })

  it('has three parts: version, 12 bytes of IV, and text and tag', () => {
    const [version, iv = '', sealed = '', ...rest] = sealText(KEY, PARTS, 'hello').split('.')

    expect(version).toBe('v1')
    expect(Buffer.from(iv, 'base64url')).toHaveLength(12)
    expect(Buffer.from(sealed, 'base64url')).toHaveLength('hello'.length + 16)
    expect(rest).toEqual([])
  })

  it('opens when it was sealed by the first version: the format is frozen', () => {
    const sealed = 'v1.P33EEIfFlc51hO_V.nKFWjejwKJYI8wmRndRUWNuZ0bOrdxDlzyOVq4Sz1TQNtTE'

    expect(openText(Buffer.alloc(32, 7), PARTS, sealed)).toBe('sealed by version 1')
  })

  it('does not look the same twice', () => {
    const sealed = Array.from({ length: 10_000 }, () => sealText(KEY, PARTS, 'same').split('.'))

    expect(new Set(sealed.map(([, iv]) => iv)).size).toBe(10_000)
    expect(new Set(sealed.map(([, , text]) => text)).size).toBe(10_000)
  })

  it('opens with the same 32 bytes given as bytes', () => {
    const bytes = randomBytes(32)

    expect(openText(bytes, PARTS, sealText(createSecretKey(bytes), PARTS, 'text'))).toBe('text')
  })

  it('does not open with another key', () => {
    const sealed = sealText(KEY, PARTS, 'text')

    expect(() => openText(createSecretKey(randomBytes(32)), PARTS, sealed)).toThrow(UNREADABLE)
  })

  it('does not open when any one character is another', () => {
    const sealed = sealText(KEY, PARTS, 'a short text')

    for (let at = 0; at < sealed.length; at += 1) {
      expect(() => openText(KEY, PARTS, flip(sealed, at))).toThrow(UNREADABLE)
    }
  })

  it('does not open when it is cut short anywhere', () => {
    const sealed = sealText(KEY, PARTS, 'a short text')

    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => openText(KEY, PARTS, sealed.slice(0, length))).toThrow(UNREADABLE)
    }
  })

  it.each([
    ['another version', (text: string) => text.replace('v1.', 'v2.')],
    ['no version', (text: string) => text.replace('v1.', '')],
    ['a part more', (text: string) => `${text}.AAAA`],
    ['padding', (text: string) => `${text}=`],
    ['white space', (text: string) => `${text}\n`],
    [
      'the alphabet of plain base64',
      (text: string) => text.replaceAll('_', '/').replaceAll('-', '+'),
    ],
    ['a character that decoders skip', (text: string) => `${text.slice(0, 30)}!${text.slice(30)}`],
  ])('does not open with %s', (_, change) => {
    let sealed = sealText(KEY, PARTS, 'text '.repeat(200))
    while (!/[-_]/.test(sealed)) sealed = sealText(KEY, PARTS, 'text '.repeat(200))

    expect(() => openText(KEY, PARTS, change(sealed))).toThrow(UNREADABLE)
  })

  it('does not open in another spelling of the same last bits', () => {
    const sealed = sealText(KEY, PARTS, 'x')
    const last = sealed.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 17 bytes are 22 characters and 4 bits: the last two bits of the 23rd are free.
    const spelling = sealed.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1]

    expect(Buffer.from(spelling, 'base64url')).toEqual(Buffer.from(sealed, 'base64url'))
    expect(() => openText(KEY, PARTS, spelling)).toThrow(UNREADABLE)
  })

  it('opens nowhere but where it was sealed: every part is authenticated, and its bounds', () => {
    const places = [
      PARTS,
      ['knoxgate/v2', 'conn_a', 'b1', 'access_token', 3],
      ['knoxgate/v1', 'conn_b', 'b1', 'access_token', 3],
      ['knoxgate/v1', 'conn_a', 'b2', 'access_token', 3],
      ['knoxgate/v1', 'conn_a', 'b1', 'refresh_token', 3],
      ['knoxgate/v1', 'conn_a', 'b1', 'access_token', 4],
      ['knoxgate/v1', 'conn_a', 'b1a', 'ccess_token', 3],
      ['knoxgate/v1', 'conn_a', 'b1', 'access_token3', ''],
      ['knoxgate/v1', 'conn_a', 'b1', 'access_token'],
    ]

    for (const [from, sealedAt] of places.entries()) {
      const sealed = sealText(KEY, sealedAt, 'text')
      for (const [to, openedAt] of places.entries()) {
        const open = () => openText(KEY, openedAt, sealed)
        if (from === to) expect(open()).toBe('text')
        else expect(open).toThrow(UNREADABLE)
      }
    }
  })

  it('says nothing in its error but that the record cannot be opened', () => {
    const failures = [flip(sealText(KEY, PARTS, 'text'), 40), 'v1.AAAA.AAAA', '', 'canary']

    for (const text of failures) {
      try {
        openText(KEY, PARTS, text)
        throw new Error('it opened')
      } catch (error) {
        expect(error).toMatchObject({ message: 'the stored record cannot be opened' })
        expect(error).not.toHaveProperty('cause')
      }
    }
  })
})
