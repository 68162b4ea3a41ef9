import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { ReceivedTokens } from '../../../src/samsung-account/tokens.ts'
import { Secret } from '../../../src/shared/secret.ts'
import { json, NOW, startBench, type TestBench } from './token-endpoint.ts'

const opened: TestBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = Math.floor(NOW / 1000)
const CLAIMS = {
  iss: 'https://account.samsung.com',
  aud: 'client',
  sub: 'attacker',
  iat: seconds,
  exp: seconds + 3600,
}
const unsigned = (claims: unknown, header: unknown = { alg: 'none' }) =>
  `${encode(header)}.${encode(claims)}.`

function hmacSigned(): string {
  const signed = unsigned(CLAIMS, { alg: 'HS256' }).slice(0, -1)
  return `${signed}.${createHmac('sha256', 'client secret').update(signed).digest('base64url')}`
}

/** What a relying party has to notice (OpenID Foundation, negative tests), and what is no JWT at all. */
const ID_TOKENS: readonly (readonly [name: string, idToken: unknown])[] = [
  ['without a signature', unsigned(CLAIMS)],
  ['with the algorithm missing', unsigned(CLAIMS, {})],
  ['signed with the client secret', hmacSigned()],
  ['of another issuer', unsigned({ ...CLAIMS, iss: 'https://attacker.example' })],
  ['for another audience', unsigned({ ...CLAIMS, aud: ['someone', 'else'] })],
  ['that has expired', unsigned({ ...CLAIMS, exp: seconds - 1 })],
  ['that is a week old', unsigned({ ...CLAIMS, iat: seconds - 604_800 })],
  ['without a subject', unsigned({ iss: CLAIMS.iss, aud: CLAIMS.aud })],
  ['with a nonce that nobody sent', unsigned({ ...CLAIMS, nonce: 'n' })],
  ['that is empty', ''],
  ['that is no JWT', 'no.jwt'],
  ['that is null', null],
  ['that is a number', -1],
  ['that is an object', { alg: 'none' }],
]

const ANSWER = { access_token: 'at-1', refresh_token: 'rt-2', expires_in: 3600, userId: 'u1' }

/** What is handed over to be stored, readable. */
async function received(body: unknown): Promise<readonly unknown[]> {
  const bench = await startBench(json(200, body))
  opened.push(bench)
  const handed: unknown[] = []
  const keep = async ({ accessToken, refreshToken, ...rest }: ReceivedTokens) => {
    handed.push({ ...rest, access: accessToken.reveal(), refresh: refreshToken?.reveal() })
  }
  await bench.client.exchangeCode(new Secret('a-code'), keep).catch(() => {})
  return handed
}

describe('an ID token', () => {
  it.each(ID_TOKENS)('%s changes nothing of what is stored', async (_, idToken) => {
    const without = await received(ANSWER)

    expect(without).toHaveLength(1)
    expect(await received({ ...ANSWER, id_token: idToken })).toEqual(without)
  })

  it('never stands in for an access token, nor says whose it is', async () => {
    const idToken = unsigned(CLAIMS)
    const { access_token: _, ...tokenless } = ANSWER

    expect(await received({ ...tokenless, id_token: idToken })).toEqual([])
    expect(JSON.stringify(await received({ ...ANSWER, id_token: idToken }))).not.toMatch(/attacker/)
  })
})
