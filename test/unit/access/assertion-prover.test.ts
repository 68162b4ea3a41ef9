import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createAssertionProver } from '../../../src/access/assertion-prover.ts'
import type { KnownKey } from '../../../src/access/known-keys.ts'
import {
  ALGORITHMS,
  AUDIENCE,
  claimsOf,
  encode,
  entryOf,
  makeAssertion,
  makeJws,
  NOW_S,
  otherSignature,
  pairOf,
} from '../../support/assertions.ts'
import { portalOf } from './support/book.ts'

const acme = portalOf('acme')
const known = (alg: string, id: string, portal = acme): KnownKey => ({
  portal,
  ...entryOf(alg, id),
})
const KEYS: readonly KnownKey[] = [
  known('ES256', 'key-1'),
  ...ALGORITHMS.map((alg) => known(alg, alg.toLowerCase())),
  known('ES384', 'other-1', portalOf('other')),
  { portal: acme, id: 'api-1', hash: 'h'.repeat(43), scopes: ['tokens'] },
  { portal: acme, id: 'later-1', hash: 'h'.repeat(43), scopes: [], publicKey: { kty: 'AKP' } },
]

const { prove } = createAssertionProver({ audience: AUDIENCE, clock: () => NOW_S * 1000 })

/** `ok`, or why not. */
async function judge(text: string): Promise<string> {
  const proof = await prove(text, KEYS)
  return 'reason' in proof ? proof.reason : 'ok'
}

const judged = (forgery: Parameters<typeof makeAssertion>[0]) => judge(makeAssertion(forgery))

describe('an assertion', () => {
  it.each(ALGORITHMS)(
    'that is signed with %s proves its key and says what it says',
    async (alg) => {
      const text = makeAssertion({
        alg,
        kid: alg.toLowerCase(),
        claims: { jti: 'once', extra: [] },
      })
      const proof = await prove(text, KEYS)

      expect(proof).toMatchObject({
        key: { id: alg.toLowerCase(), portal: { id: 'acme' } },
        claims: { iss: 'acme', sub: 'acme', exp: NOW_S + 60, jti: 'once' },
      })
    },
  )

  it.each([
    [undefined],
    ['JWT'],
    ['jwt'],
    ['application/jwt'],
    ['client-authentication+jwt'],
    ['application/client-authentication+jwt'],
  ])('may have the type %j', async (typ) => {
    expect(await judged({ header: { typ } })).toBe('ok')
  })

  it.each([
    ['at+jwt'],
    ['JOSE'],
    ['dpop+jwt'],
    ['logout+jwt'],
    [' JWT'],
    ['JWT;'],
    [''],
    [null],
    [7],
    [['JWT']],
  ])('may not have the type %j', async (typ) => {
    expect(await judged({ header: { typ } })).toBe('assertion_header')
  })
})

describe('a header that brings more than it should', () => {
  const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = attacker.publicKey.export({ format: 'jwk' })
  const extra = [
    ['jwk', jwk],
    ['jku', 'https://attacker.example/keys.json'],
    ['x5u', 'https://attacker.example/key.pem'],
    ['x5c', ['MIIB']],
    ['x5t', 'abc'],
    ['x5t#S256', 'abc'],
    ['crit', ['exp']],
    ['b64', false],
    ['zip', 'DEF'],
    ['enc', 'A256GCM'],
    ['iss', 'acme'],
    ['unheard-of', true],
  ] as const

  it.each(extra)('is refused for %s, whoever has signed it', async (name, value) => {
    const header = { alg: 'ES256', kid: 'key-1', [name]: value }
    const forged = makeJws('ES256', attacker.privateKey, header, claimsOf())

    expect(await judge(forged)).toBe('assertion_header')
    expect(await judged({ header: { [name]: value } })).toBe('assertion_header')
  })

  it.each([
    [undefined, 'assertion_header'],
    [null, 'assertion_header'],
    [1, 'assertion_header'],
    ['', 'assertion_header'],
    [['key-1'], 'assertion_header'],
    ['k'.repeat(257), 'assertion_header'],
    ['key-2', 'assertion_key'],
    ['KEY-1', 'assertion_key'],
    ['key-1 ', 'assertion_key'],
    ['key-1\u0000', 'assertion_key'],
    ['../../dev/null', 'assertion_key'],
    ["key-1' OR '1'='1", 'assertion_key'],
    ['constructor', 'assertion_key'],
    ['__proto__', 'assertion_key'],
    ['api-1', 'assertion_key'],
    ['later-1', 'assertion_key'],
  ])('finds no key by kid %j: %s', async (kid, reason) => {
    expect(await judged({ header: { kid } })).toBe(reason)
  })
})

describe('another algorithm than that of the key', () => {
  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    null,
    0,
    undefined,
    ['ES256'],
    'es256',
    'ES256 ',
    'ES256K',
    'RS1',
    'RSA-OAEP',
    'dir',
    'A128KW',
    'constructor',
    'toString',
    '__proto__',
  ])('is refused without looking at a key: %j', async (alg) => {
    const payload = encode(claimsOf())
    const signature = makeAssertion().split('.')[2]
    const header = encode({ alg, kid: 'key-1' })
    const texts = [
      `${header}.${payload}.`,
      `${header}.${payload}.AA`,
      `${header}.${payload}.${signature}`,
    ]

    for (const [index, text] of texts.entries())
      expect(await judge(text)).toBe(index === 0 ? 'assertion_malformed' : 'assertion_algorithm')
  })

  const secrets = [
    ['PEM', 'pem', 'spki'],
    ['DER', 'der', 'spki'],
    ['PKCS#1 PEM', 'pem', 'pkcs1'],
  ] as const

  it.each(secrets)(
    'is refused when the public key in %s is the secret',
    async (_, format, type) => {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const { publicKey } = pairOf('RS256')
        const bytes = publicKey.export({ format: format as 'pem', type })
        const secret = createSecretKey(Buffer.from(bytes))
        const text = makeJws(alg, secret, { alg, kid: 'rs256' }, claimsOf())
        expect(await judge(text)).toBe('assertion_algorithm')
      }
    },
  )

  it.each(ALGORITHMS)('is refused for a key of any other algorithm: %s', async (alg) => {
    for (const other of ALGORITHMS) {
      const isSame = alg === other || (alg.startsWith('Ed') && other.startsWith('Ed'))
      if (isSame) continue
      // The RSA keys are one and the same pair, so that only what they are bound to can tell.
      const reason = await judged({ alg, kid: other.toLowerCase() })
      expect([other, reason]).toEqual([other, 'assertion_algorithm'])
    }
  })
})

describe('a signature', () => {
  it.each(ALGORITHMS)(
    'of %s is refused when it is changed, cut, longer or another’s',
    async (alg) => {
      const kid = alg.toLowerCase()
      const text = makeAssertion({ alg, kid })
      const [header, payload, signature = ''] = text.split('.')
      const bytes = Buffer.from(signature, 'base64url')
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8((flipped.at(-1) ?? 0) ^ 1, flipped.length - 1)
      const other = Buffer.from(makeAssertion({ alg, kid }).split('.')[2] ?? '', 'base64url')
      const forged = [
        bytes.subarray(0, -1),
        bytes.subarray(1),
        bytes.subarray(0, 1),
        flipped,
        other,
        Buffer.alloc(bytes.length),
        Buffer.alloc(bytes.length, 0xff),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.concat([bytes, bytes]),
      ]

      for (const one of forged)
        expect(await judge(`${header}.${payload}.${one.toString('base64url')}`)).toBe(
          'assertion_signature',
        )
      expect(await judge(text)).toBe('ok')
    },
  )

  it('of another key of the same algorithm is refused', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const text = makeJws('ES256', privateKey, { alg: 'ES256', kid: 'key-1' }, claimsOf())

    expect(await prove(text, KEYS)).toEqual({ reason: 'assertion_signature', apiKeyId: 'key-1' })
  })

  it('that ECDSA has twice is right both times: what is used up is the id', async () => {
    const text = makeAssertion()

    expect(otherSignature(text)).not.toBe(text)
    expect(await judge(otherSignature(text))).toBe('ok')
  })

  it('in DER is refused', async () => {
    const input = makeAssertion().split('.').slice(0, 2).join('.')
    const { sign } = await import('node:crypto')
    const der = sign('sha256', Buffer.from(input), pairOf('ES256').privateKey)

    expect(await judge(`${input}.${der.toString('base64url')}`)).toBe('assertion_signature')
  })
})

describe('keys that change', () => {
  it('are known, and known no more, with the next assertion', async () => {
    const text = makeAssertion()
    const [own, foreign] = [known('ES256', 'key-1'), known('ES384', 'key-1')]

    expect(await prove(text, [])).toEqual({ reason: 'assertion_key' })
    expect(await prove(text, [own])).toMatchObject({ key: { id: 'key-1' } })
    expect(await prove(text, [foreign])).toMatchObject({ reason: 'assertion_algorithm' })
    expect(await prove(text, [{ ...own, portal: portalOf('other') }])).toEqual({
      reason: 'assertion_issuer',
      apiKeyId: 'key-1',
    })
    expect(await prove(text, [])).toEqual({ reason: 'assertion_key' })
  })
})
