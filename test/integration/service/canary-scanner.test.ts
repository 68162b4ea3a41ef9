import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createCanary, encodingsOf } from '../../support/canary.ts'

const noise = () => randomBytes(200).toString('base64')
const b64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const SECRET = 'canary+/= äß with 37 characters'

const knowing = (secret: string | Uint8Array) => {
  const canary = createCanary()
  canary.add('secret', secret)
  return canary
}

describe('the scanner for secrets', () => {
  const bytes = Buffer.from(SECRET)
  const at = (shift: number, after: number) =>
    Buffer.concat([randomBytes(shift), bytes, randomBytes(after)])

  it.each([
    ['as it is', bytes.toString('latin1')],
    ['in JSON', JSON.stringify({ x: bytes.toString('latin1') })],
    ['in hex', bytes.toString('hex')],
    ['in HEX', bytes.toString('hex').toUpperCase()],
    ['percent-encoded by byte', bytes.toString('hex').replace(/../g, '%$&')],
    ['as a URL parameter', new URLSearchParams({ x: 'canary-percent' }).toString()],
    ['in the payload of a JWT', `eyJhbGciOiJub25lIn0.${b64url({ x: 'canary-percent' })}.`],
    [
      'in a JWT in a JWT',
      `eyJhbGciOiJub25lIn0.${b64url({
        t: `eyJhbGciOiJIUzI1NiJ9.${b64url({ x: 'canary-percent' })}.c2ln`,
      })}.c2ln`,
    ],
  ])('finds a secret %s', (_, text) => {
    const canary = knowing(bytes)
    canary.add('plain', 'canary-percent')

    expect(canary.find('here', `${noise()} ${text} ${noise()}`)).not.toEqual([])
  })

  it.each([0, 1, 2, 3, 4, 5])('finds it in base64 after %i other bytes', (shift) => {
    for (const after of [0, 1, 2]) {
      const standard = at(shift, after).toString('base64')
      const found = knowing(bytes).find('here', noise() + standard)
      expect(found).not.toEqual([])
      expect(knowing(bytes).find('here', at(shift, after).toString('base64url'))).not.toEqual([])
      expect(knowing(bytes).find('here', encodeURIComponent(standard))).not.toEqual([])
    }
  })

  it('finds random bytes of every length in every encoding it names', () => {
    for (let length = 12; length < 48; length++) {
      const secret = randomBytes(length)
      for (const [encoding, text] of encodingsOf(secret)) {
        expect(text.length).toBeGreaterThan(11)
        expect(knowing(secret).find('here', `x${text}y`)).toContainEqual(
          expect.objectContaining({ encoding }),
        )
      }
    }
  })

  it('finds a JWT by one of its parts, and in bytes that are no text', () => {
    const [payload, signature] = [randomBytes(40), randomBytes(256)].map((part) =>
      part.toString('base64url'),
    )
    const canary = knowing(`eyJhbGciOiJIUzI1NiJ9.${payload}.${signature}`)

    expect(canary.find('here', `cut off: ${signature}`)).not.toEqual([])
    expect(canary.find('here', `cut off: ${payload}`)).not.toEqual([])
    const dump = Buffer.concat([randomBytes(99), Buffer.from(payload ?? ''), randomBytes(99)])
    expect(canary.find('here', dump)).not.toEqual([])
  })

  it('says what it found, how and where, and passes over what may be there', () => {
    const canary = knowing('a-secret-of-some-length')
    const text = 'x a-secret-of-some-length y'

    expect(canary.find('the log', text)).toEqual([
      { secret: 'secret', encoding: 'raw', place: 'the log' },
    ])
    expect(canary.find('the log', text, ['secret'])).toEqual([])
  })

  it('finds nothing where there is nothing', () => {
    const canary = knowing(bytes)
    canary.add('other', randomBytes(32))

    expect(canary.find('here', noise() + noise())).toEqual([])
    expect(canary.find('here', `eyJhbGciOiJub25lIn0.${b64url({ x: noise() })}.`)).toEqual([])
  })

  it('refuses to look for what could be there by chance', () => {
    expect(() => knowing('short')).toThrow(RangeError)
  })
})
