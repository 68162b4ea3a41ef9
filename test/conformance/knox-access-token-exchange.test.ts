/** protocol.md 3.2: the request to `accessTokenOAuth2`, byte by byte, and what comes of its answer. */
import { createPublicKey, verify } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SamsungAccountProgram } from '../../src/config/config.ts'
import { Secret } from '../../src/shared/secret.ts'
import { decode, type KnoxBench, kcsToken, NOW, startKnox } from '../unit/knox/ams-server.ts'
import { json } from '../unit/samsung-account/token-endpoint.ts'

const SECONDS = NOW / 1000
const opened: KnoxBench[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()))
})

/** One exchange: what Knox saw, and the credential that was made. */
async function exchangeOnce(settings: Partial<SamsungAccountProgram['knox']> = {}) {
  const bench = await startKnox([json(200, { accessToken: kcsToken(SECONDS + 1800) })], settings)
  opened.push(bench)
  const credential = await bench.kind.mint(new Secret('sa-access-token'))
  const [call] = bench.calls
  if (call === undefined) throw new Error('nothing was sent')
  return { call, body: JSON.parse(call.body), credential, program: bench.program }
}

function verifies(jwt: string, publicKey: string): boolean {
  const key = { key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' } as const
  const [header, payload, signature = ''] = jwt.split('.')
  const input = Buffer.from(`${header}.${payload}`)
  return verify('RSA-SHA512', input, createPublicKey(key), Buffer.from(signature, 'base64url'))
}

describe('the request', () => {
  it('is a POST of JSON without an Authorization header', async () => {
    const { call } = await exchangeOnce()

    expect(call.method).toBe('POST')
    expect(call.url).toBe('/ams/v1/users/customer/accesstokenOAuth2')
    expect(call.headers['content-type']).toBe('application/json')
    expect(call.headers.authorization).toBeUndefined()
    expect(call.headers['x-knox-apitoken']).toBeUndefined()
  })

  it.each([1, 30])('names a validity of %i minutes as a number', async (validityMinutes) => {
    const { body } = await exchangeOnce({ validityMinutes })

    expect(Object.keys(body)).toEqual([
      'base64EncodedStringPublicKey',
      'clientIdentifierJwt',
      'validityForAccessTokenInMinutes',
    ])
    expect(body.validityForAccessTokenInMinutes).toBe(validityMinutes)
  })

  it('names no validity when none is configured', async () => {
    const { body } = await exchangeOnce()

    expect(Object.keys(body)).toEqual(['base64EncodedStringPublicKey', 'clientIdentifierJwt'])
  })

  it('carries a Client Identifier JWT that verifies with the key beside it', async () => {
    const { body } = await exchangeOnce()

    expect(verifies(body.clientIdentifierJwt, body.base64EncodedStringPublicKey)).toBe(true)
    expect(decode(body.clientIdentifierJwt, 1)).toEqual({
      clientIdentifier: 'client-identifier',
      idpAccessToken: 'sa-access-token',
      publicKey: body.base64EncodedStringPublicKey,
      iat: SECONDS,
      exp: SECONDS + 1800,
      aud: 'KnoxWSM',
      jti: expect.stringMatching(/^[0-9a-f-]{72}$/),
    })
  })

  it('carries the Samsung Account token under the configured claim', async () => {
    const { body } = await exchangeOnce({ idpTokenClaim: 'accessToken' })

    expect(Object.keys(decode(body.clientIdentifierJwt, 1)).slice(0, 2)).toEqual([
      'clientIdentifier',
      'accessToken',
    ])
  })

  it('holds nothing of the private key', async () => {
    const { call, program } = await exchangeOnce()
    const { d = '' } = program.keys.privateKey.export({ format: 'jwk' })

    expect(call.body).not.toContain(Buffer.from(d, 'base64url').toString('base64').slice(0, 60))
    expect(call.body).not.toContain(d.slice(0, 60))
  })
})

describe('the credential', () => {
  it('is the issued token, signed anew with the same key', async () => {
    const { credential, body } = await exchangeOnce()
    const jwt = credential.value.reveal()

    expect(credential.headerName).toBe('x-knox-apitoken')
    expect(verifies(jwt, body.base64EncodedStringPublicKey)).toBe(true)
    expect(decode(jwt, 0)).toEqual({ alg: 'RS512', typ: 'JWT' })
    expect(decode(jwt, 1).accessToken).toBe(kcsToken(SECONDS + 1800))
    expect(decode(jwt, 1).jti).not.toBe(decode(body.clientIdentifierJwt, 1).jti)
  })
})
