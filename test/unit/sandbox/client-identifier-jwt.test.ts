import { createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { generateKeysFile } from '../../../src/sandbox/keys.ts'
import { expectRefusal, NOW, ready } from './support/ams.ts'
import { amsBody, clientIdentifierClaims, postAms, signJwt } from './support/knox.ts'
import { obtainTokens } from './support/samsung-account.ts'
import { keys, startSandbox } from './support/sandbox.ts'

const UUID = '5f0cd0a0-0000-11f0-8000-0123456789ab'

describe('the header and signature of a Client Identifier JWT', () => {
  it.each([
    ['RS256', { alg: 'RS256', typ: 'JWT' }],
    ['none', { alg: 'none', typ: 'JWT' }],
    ['no typ', { alg: 'RS512' }],
    ['another typ', { alg: 'RS512', typ: 'jwt' }],
    ['a kid', { alg: 'RS512', typ: 'JWT', kid: '1' }],
    ['an array', []],
    ['null', null],
  ])('refuse %s', async (_name, header) => {
    const { sandbox, claims } = await ready()

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(claims, header))), 4012250)
  })

  it('refuse a key confusion: HS512 with the public key as secret', async () => {
    const { sandbox, claims } = await ready()
    const input = signJwt(claims, { alg: 'HS512', typ: 'JWT' }).split('.').slice(0, 2).join('.')
    const mac = createHmac('sha512', Buffer.from(keys.Public, 'base64')).update(input)

    const res = await postAms(sandbox, amsBody(`${input}.${mac.digest('base64url')}`))

    await expectRefusal(res, 4012250)
  })

  it('refuse a signature by another key', async () => {
    const { sandbox, claims } = await ready()
    const other = await generateKeysFile()

    const res = await postAms(sandbox, amsBody(signJwt(claims, undefined, other.Private)))

    await expectRefusal(res, 4012250)
  })

  it.each([
    ['claims changed after signing', (jwt: string) => jwt.replace(/\.[^.]+\./, '.e30.')],
    ['no signature', (jwt: string) => jwt.replace(/[^.]+$/, '')],
    ['two parts', (jwt: string) => jwt.split('.').slice(0, 2).join('.')],
    ['four parts', (jwt: string) => `${jwt}.x`],
    ['padding', (jwt: string) => `${jwt}==`],
    ['a space', (jwt: string) => ` ${jwt}`],
    ['a header that is no JSON', (jwt: string) => jwt.replace(/^[^.]+/, 'xxxx')],
  ])('refuse %s', async (_name, spoil) => {
    const { sandbox, claims } = await ready()

    await expectRefusal(await postAms(sandbox, amsBody(spoil(signJwt(claims)))), 4012250)
  })
})

describe('the claims of a Client Identifier JWT', () => {
  it.each<[string, Record<string, unknown>, number]>([
    ['another Client Identifier', { clientIdentifier: 'another' }, 4012250],
    ['no Client Identifier', { clientIdentifier: undefined }, 4012250],
    ['another public key than the body', { publicKey: 'MIIB' }, 4012250],
    ['no public key', { publicKey: undefined }, 4012250],
    ['another audience', { aud: 'knoxwsm' }, 4012250],
    ['an array of audiences', { aud: ['KnoxWSM'] }, 4012250],
    ['no audience', { aud: undefined }, 4012250],
    ['no iat', { iat: undefined }, 4012250],
    ['an iat that is a text', { iat: String(NOW) }, 4012250],
    ['an iat with a fraction', { iat: NOW + 0.5 }, 4012250],
    ['an iat 61 s ahead', { iat: NOW + 61 }, 4030000],
    ['no exp', { exp: undefined }, 4012250],
    ['an exp that is now', { iat: NOW - 60, exp: NOW }, 4030000],
    ['31 minutes of life', { exp: NOW + 1801 }, 4012250],
    ['an exp before its iat', { iat: NOW + 30, exp: NOW + 20 }, 4012250],
    ['no jti', { jti: undefined }, 4012250],
    ['a single UUID as jti', { jti: UUID }, 4012250],
    ['two UUIDs with a separator', { jti: `${UUID}-${UUID}` }, 4012250],
    ['two UUIDs without hyphens', { jti: (UUID + UUID).replaceAll('-', '') }, 4012250],
    ['UUIDs of version 7 as jti', { jti: (UUID + UUID).replaceAll('-11f0-', '-71f0-') }, 4012250],
    ['a claim it does not know', { nbf: NOW }, 4012250],
    ['no Samsung Account token', { idpAccessToken: undefined }, 4012250],
    ['an unknown Samsung Account token', { idpAccessToken: 'unknown' }, 4010011],
  ])('are refused with %s', async (_name, change, code) => {
    const { sandbox, claims } = await ready()

    await expectRefusal(await postAms(sandbox, amsBody(signJwt({ ...claims, ...change }))), code)

    expect(sandbox.record().refused.ams).toBe(1)
    expect(sandbox.state.kcsTokens.size).toBe(0)
  })

  it.each([
    ['an iat 60 s ahead', { iat: NOW + 60, exp: NOW + 60 + 1800 }],
    ['an exp one second ahead', { iat: NOW - 60, exp: NOW + 1 }],
    ['30 minutes of life', { exp: NOW + 1800 }],
    ['a jti of version 1 UUIDs', { jti: UUID + UUID }],
    ['a jti in upper case', { jti: (UUID + UUID).toUpperCase() }],
  ])('are taken with %s', async (_name, change) => {
    const { sandbox, claims } = await ready()

    const res = await postAms(sandbox, amsBody(signJwt({ ...claims, ...change })))

    expect(res.status).toBe(200)
  })

  it('may lie ahead as far as the control allows', async () => {
    const { sandbox, claims } = await ready()
    sandbox.control({ clockSkewSeconds: 0 })

    const ahead = await postAms(sandbox, amsBody(signJwt({ ...claims, iat: NOW + 1 })))
    const now = await postAms(sandbox, amsBody(signJwt(claims)))

    await expectRefusal(ahead, 4030000)
    expect(now.status).toBe(200)
  })

  it('carry the Samsung Account token under the name that is registered', async () => {
    const clock = { now: NOW * 1000 }
    const sandbox = await startSandbox({ registration: { idpTokenClaim: 'accessToken' } }, clock)
    const { access_token: idpToken } = await obtainTokens(sandbox)
    const { idpAccessToken, ...claims } = clientIdentifierClaims(sandbox, clock, idpToken)

    const wrong = await postAms(sandbox, amsBody(signJwt({ ...claims, idpAccessToken })))
    const right = await postAms(sandbox, amsBody(signJwt({ ...claims, accessToken: idpToken })))

    await expectRefusal(wrong, 4012250)
    expect(right.status).toBe(200)
  })
})

describe('a jti', () => {
  it('is good for one request', async () => {
    const { sandbox, claims } = await ready()
    await postAms(sandbox, amsBody(signJwt(claims)))

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(claims))), 4002250)
  })

  it('is spent even if the Samsung Account token is refused', async () => {
    const { sandbox, claims } = await ready()
    await postAms(sandbox, amsBody(signJwt({ ...claims, idpAccessToken: 'unknown' })))

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(claims))), 4002250)
  })

  it('is not spent by a JWT that nobody signed', async () => {
    const { sandbox, claims } = await ready()
    const other = await generateKeysFile()
    await postAms(sandbox, amsBody(signJwt(claims, undefined, other.Private)))

    expect((await postAms(sandbox, amsBody(signJwt(claims)))).status).toBe(200)
  })

  it('is not forgotten when its JWT has ended', async () => {
    const { sandbox, claims, clock } = await ready()
    await postAms(sandbox, amsBody(signJwt(claims)))
    clock.now += 1_800_000
    const fresh = { ...claims, iat: NOW + 1800, exp: NOW + 3600 }

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(fresh))), 4002250)
  })
})
