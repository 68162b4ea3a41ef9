import { describe, expect, it } from '@jest/globals'
import { MAX_ASSERTION_CHARS } from '../../../src/access/assertion.ts'
import { createAssertionProver } from '../../../src/access/assertion-prover.ts'
import {
  AUDIENCE,
  claimsOf,
  encode,
  entryOf,
  makeAssertion,
  makeJws,
  NOW_S,
  pairOf,
} from '../../support/assertions.ts'
import { portalOf } from './support/book.ts'

const KEYS = [{ portal: portalOf('acme'), ...entryOf('ES256', 'key-1') }]
const HEADER = { alg: 'ES256', kid: 'key-1' }

/** `ok`, or why not; by a service whose clock shows this. */
async function judge(text: string, nowMs = NOW_S * 1000): Promise<string> {
  const { prove } = createAssertionProver({ audience: AUDIENCE, clock: () => nowMs })
  const proof = await prove(text, KEYS)
  return 'reason' in proof ? proof.reason : 'ok'
}

const judged = (claims: Readonly<Record<string, unknown>>, nowMs?: number) =>
  judge(makeAssertion({ claims }), nowMs)

/** Signed as it is, however it is written. */
const judgedAs = (header: string, payload: string) =>
  judge(makeJws('ES256', pairOf('ES256').privateKey, header, payload))

describe('whom an assertion is from and for', () => {
  it.each([
    [{ iss: 'other' }, 'assertion_issuer'],
    [{ sub: 'other' }, 'assertion_issuer'],
    [{ iss: 'other', sub: 'other' }, 'assertion_issuer'],
    [{ iss: 'ACME', sub: 'ACME' }, 'assertion_issuer'],
    [{ iss: 'key-1', sub: 'key-1' }, 'assertion_issuer'],
    [{ iss: undefined }, 'assertion_claims'],
    [{ sub: undefined }, 'assertion_claims'],
    [{ iss: '' }, 'assertion_claims'],
    [{ iss: ['acme'] }, 'assertion_claims'],
    [{ sub: { acme: 1 } }, 'assertion_claims'],
    [{ iss: 'a'.repeat(257) }, 'assertion_claims'],
  ])('has to be the portal of the key: %j is %s', async (claims, reason) => {
    expect(await judged(claims)).toBe(reason)
  })

  it.each([
    [undefined],
    [null],
    [''],
    ['https://connect.example.org'],
    [`${AUDIENCE}/`],
    [`${AUDIENCE}/v1`],
    [`${AUDIENCE}:443`],
    [AUDIENCE.toUpperCase()],
    ['http://connect.example.com'],
    ['connect.example.com'],
    ['*'],
    [[AUDIENCE]],
    [[AUDIENCE, 'https://attacker.example']],
    [[]],
    [{ [AUDIENCE]: true }],
  ])('has to be this service, in the words of PUBLIC_URL: %j is not', async (aud) => {
    expect(await judged({ aud })).toBe('assertion_audience')
  })
})

describe('the time of an assertion', () => {
  const at = (iat: number, exp: number, nbf?: number) =>
    judged({
      iat: NOW_S + iat,
      exp: NOW_S + exp,
      ...(nbf === undefined ? {} : { nbf: NOW_S + nbf }),
    })

  it.each([
    [300, 'ok'],
    [301, 'assertion_lifetime'],
    [300.5, 'assertion_lifetime'],
    [3600, 'assertion_lifetime'],
    [1, 'ok'],
    [0, 'assertion_lifetime'],
    [-1, 'assertion_lifetime'],
  ])('lasts five minutes at most: %d s is %s', async (lifetime, outcome) => {
    expect(await at(0, lifetime)).toBe(outcome)
  })

  it.each([
    [60, 'ok'],
    [61, 'assertion_early'],
    [60.5, 'assertion_early'],
    [86_400, 'assertion_early'],
    [-60, 'ok'],
  ])('may begin a minute from now by the portal’s clock: %d s is %s', async (skew, outcome) => {
    expect(await at(skew, skew + 60 + 61)).toBe(outcome)
    expect(await at(Math.min(skew, 0), 120, skew)).toBe(outcome)
  })

  it.each([
    [-59, 'ok'],
    [-60, 'assertion_expired'],
    [-61, 'assertion_expired'],
    [-300, 'assertion_expired'],
  ])('may have ended less than a minute ago: exp %d s from now is %s', async (exp, outcome) => {
    expect(await at(exp - 60, exp)).toBe(outcome)
  })

  it('is judged by the millisecond', async () => {
    const text = makeAssertion({ claims: { iat: NOW_S, exp: NOW_S + 60 } })

    expect(await judge(text, (NOW_S - 60) * 1000)).toBe('ok')
    expect(await judge(text, (NOW_S - 60) * 1000 - 1)).toBe('assertion_early')
    expect(await judge(text, (NOW_S + 120) * 1000 - 1)).toBe('ok')
    expect(await judge(text, (NOW_S + 120) * 1000)).toBe('assertion_expired')
  })

  it.each([
    { exp: undefined },
    { iat: undefined },
    { exp: String(NOW_S + 60) },
    { iat: String(NOW_S) },
    { nbf: String(NOW_S) },
    { nbf: null },
    { exp: null },
    { exp: true },
    { exp: -1, iat: -60 },
    { exp: [NOW_S + 60] },
    { jti: undefined },
    { jti: '' },
    { jti: 7 },
    { jti: ['a'] },
    { jti: 'j'.repeat(257) },
  ])('and its id have to be there: %j', async (claims) => {
    expect(await judged(claims)).toBe('assertion_claims')
  })

  it.each(['1e400', '-0.1', '9007199254740993'])('is a number that means one: %s', async (exp) => {
    const payload = JSON.stringify(claimsOf()).replace(/"exp":\d+/, `"exp":${exp}`)

    expect(await judgedAs(JSON.stringify(HEADER), payload)).toBe('assertion_claims')
  })

  it('takes an id of 256 characters of any alphabet', async () => {
    expect(await judged({ jti: 'j'.repeat(256) })).toBe('ok')
    expect(await judged({ jti: '7c0d…\u0000 ключ' })).toBe('ok')
  })
})

describe('JSON that two readers could understand differently', () => {
  const header = JSON.stringify(HEADER)
  const claims = () => JSON.stringify(claimsOf())
  const more = (text: string, member: string) => `${text.slice(0, -1)},${member}}`

  it.each([
    ['"alg":"ES256"'],
    ['"alg":"none"'],
    ['"kid":"key-2"'],
    ['"\\u006bid":"key-2"'],
    ['"typ":"JWT","typ":"JWT"'],
  ])('is refused in the header: %s twice', async (member) => {
    expect(await judgedAs(more(header, member), claims())).toBe('assertion_malformed')
  })

  it.each([
    ['"aud":"https://attacker.example"'],
    ['"iss":"other"'],
    ['"\\u0061ud":"https://attacker.example"'],
    [`"exp":${NOW_S + 60}`],
    ['"jti":"another"'],
    ['"mine":{"a":1,"a":2}'],
    ['"__proto__":{}'],
    ['"constructor":1'],
    ['"deep":[[[[[1]]]]]'],
  ])('is refused in the claims: %s', async (member) => {
    expect(await judgedAs(header, more(claims(), member))).toBe('assertion_malformed')
  })

  it.each([
    '',
    ' ',
    'null',
    '7',
    '"text"',
    '[]',
    '[{}]',
    '{',
    '{}{}',
    "{'alg':'ES256'}",
    '\uFEFF{}',
  ])('is refused when it is no object: %j', async (text) => {
    expect(await judgedAs(text, claims())).toBe('assertion_malformed')
    expect(await judgedAs(header, text)).toBe('assertion_malformed')
  })

  it('is refused when it is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"alg":"ES256","kid":"'), Buffer.from([0xc3, 0x28])])
    const text = `${Buffer.concat([bytes, Buffer.from('"}')]).toString('base64url')}.e30.AA`

    expect(await judge(text)).toBe('assertion_malformed')
  })

  it('may have white space, as JSON may', async () => {
    const spaced = JSON.stringify(claimsOf(), null, 2)

    expect(await judgedAs(` ${JSON.stringify(HEADER, null, 1)}\n`, `\t${spaced}\r\n`)).toBe('ok')
  })
})

describe('the form of an assertion', () => {
  const good = makeAssertion()
  const [header = '', payload = '', signature = ''] = good.split('.')

  it.each([
    ['padding', `${header}.${payload}.${signature}==`],
    ['padding in the header', `${header}=.${payload}.${signature}`],
    ['a space behind', `${good} `],
    ['a space within', `${header}.${payload}. ${signature}`],
    ['a line break', `${header}.${payload}\n.${signature}`],
    ['a tab', `${header}.\t${payload}.${signature}`],
    ['a null character', `${good}\u0000`],
    ['the other alphabet', `${header}.${payload}.${'+/'.repeat(43)}`],
    ['characters of none', `${header}.${payload}.${signature.slice(0, -1)}!`],
    ['bits that are left over', `${header}.${payload}.${withLeftOver(signature)}`],
    ['bits that are left over in the header', `${withLeftOver('e30')}.${payload}.${signature}`],
    ['a length that no bytes have', `${header}.${payload}.${signature}AAA`],
    ['no signature', `${header}.${payload}.`],
    ['no signature and no dot', `${header}.${payload}`],
    ['no payload', `${header}..${signature}`],
    ['no header', `.${payload}.${signature}`],
    ['four parts', `${good}.${signature}`],
    ['five parts, as of something encrypted', `${good}.${payload}.${signature}`],
    ['dots only', '..'],
    ['JSON', JSON.stringify({ payload, protected: header, signature })],
    ['text that is no base64url', 'a.b.c'],
    ['letters of another script', `${header}.${payload}.${'ж'.repeat(86)}`],
  ])('is one only: %s is refused', async (_, text) => {
    expect(text).not.toBe(good)
    expect(await judge(text)).toBe('assertion_malformed')
  })

  it('is limited in length', async () => {
    const ofLength = (length: number) => {
      const frame = makeAssertion({ claims: { jti: 'a', pad: '' } }).length
      const pad = 'x'.repeat(((length - frame) * 3) / 4)
      return makeAssertion({ claims: { jti: 'a', pad } })
    }
    const longest = ofLength(MAX_ASSERTION_CHARS)
    const longer = ofLength(MAX_ASSERTION_CHARS + 4)

    expect(longest.length).toBeLessThanOrEqual(MAX_ASSERTION_CHARS)
    expect(await judge(longest)).toBe('ok')
    expect(longer.length).toBeGreaterThan(MAX_ASSERTION_CHARS)
    expect(await judge(longer)).toBe('assertion_malformed')
    expect(await judge(`${encode(HEADER)}.${'A'.repeat(1_000_000)}.AA`)).toBe('assertion_malformed')
  })
})

/** The same bytes to a reader who does not look: a text of 86 characters has four bits over. */
function withLeftOver(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${part.slice(0, -1)}${alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1]}`
}
