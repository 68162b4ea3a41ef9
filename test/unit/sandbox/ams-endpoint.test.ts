import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { generateKeysFile } from '../../../src/sandbox/keys.ts'
import { expectRefusal, NOW, ready } from './support/ams.ts'
import { amsBody, clientIdentifierClaims, postAms, signJwt } from './support/knox.ts'
import { obtainTokens } from './support/samsung-account.ts'
import { keys, startSandbox } from './support/sandbox.ts'

describe('accessTokenOAuth2', () => {
  it('turns a Samsung Account token into an unsigned Knox token', async () => {
    const { sandbox, claims } = await ready()

    const res = await postAms(sandbox, amsBody(signJwt(claims)))

    expect(res.status).toBe(200)
    expect(await res.json()).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    })
    expect(sandbox.record().issued.kcsTokens).toBe(1)
  })

  it('makes Knox tokens as they were seen in the field', async () => {
    const { sandbox, claims } = await ready()

    const res = await postAms(
      sandbox,
      amsBody(signJwt(claims), { validityForAccessTokenInMinutes: 7 }),
    )

    const token = String(((await res.json()) as { accessToken: string }).accessToken)
    const [header, payload] = token
      .split('.', 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    expect(header).toEqual({ alg: 'HS256' })
    expect(payload).toEqual({
      context: expect.stringMatching(/^[0-9a-f-]{72}$/),
      accessToken: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: NOW,
      exp: NOW + 7 * 60,
      iss: 'AMS',
      jti: expect.stringMatching(/^\d+$/),
    })
  })

  it.each([
    [1, NOW + 60],
    [30, NOW + 1800],
    [undefined, NOW + 1800],
  ])('takes a validity of %j minutes', async (minutes, exp) => {
    const { sandbox, claims } = await ready()

    await postAms(sandbox, amsBody(signJwt(claims), { validityForAccessTokenInMinutes: minutes }))

    expect([...sandbox.state.kcsTokens.values()]).toMatchObject([{ expiresAt: exp * 1000 }])
  })

  it.each([0, 31, 1.5, -1, '30', null, true])('refuses a validity of %j', async (minutes) => {
    const { sandbox, claims } = await ready()

    const res = await postAms(
      sandbox,
      amsBody(signJwt(claims), { validityForAccessTokenInMinutes: minutes }),
    )

    await expectRefusal(res, 4002251)
  })

  it.each<[string, Record<string, unknown> | string]>([
    ['broken JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['no public key', { clientIdentifierJwt: 'a.b.c' }],
    ['no JWT', { base64EncodedStringPublicKey: keys.Public }],
    ['a JWT that is no text', amsBody('', { clientIdentifierJwt: 7 })],
    ['a field it does not know', amsBody('a.b.c', { extra: 1 })],
  ])('refuses a body with %s', async (_name, body) => {
    const { sandbox } = await ready()

    await expectRefusal(await postAms(sandbox, body), 4000000)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'refuses a body of type %s',
    async (contentType) => {
      const { sandbox, claims } = await ready()
      const body = JSON.stringify(amsBody(signJwt(claims)))

      await expectRefusal(await postAms(sandbox, body, contentType), 4000000)
    },
  )

  it('refuses a public key that is not registered', async () => {
    const { sandbox, claims } = await ready()
    const other = await generateKeysFile()
    const jwt = signJwt({ ...claims, publicKey: other.Public }, undefined, other.Private)

    const res = await postAms(sandbox, amsBody(jwt, { base64EncodedStringPublicKey: other.Public }))

    await expectRefusal(res, 4012250)
  })

  it('refuses a registered public key while it is not accepted', async () => {
    const { sandbox, claims } = await ready()
    const body = amsBody(signJwt(claims))
    sandbox.control({ publicKeyAccepted: false })

    await expectRefusal(await postAms(sandbox, body), 4012250)
    sandbox.control({ publicKeyAccepted: true })
    const taken = await postAms(sandbox, body)

    expect(taken.status).toBe(200)
  })

  it('knows only the public keys that it was told of last', async () => {
    const { sandbox, claims } = await ready()
    const body = amsBody(signJwt(claims))
    const other = await generateKeysFile()
    sandbox.control({ publicKeys: [other.Public] })

    await expectRefusal(await postAms(sandbox, body), 4012250)
    sandbox.control({ publicKeys: [other.Public, keys.Public] })
    const taken = await postAms(sandbox, body)

    expect(taken.status).toBe(200)
  })

  it('refuses a Client Identifier as soon as another has taken its place', async () => {
    const { sandbox, claims } = await ready()
    const body = amsBody(signJwt(claims))
    sandbox.control({ clientIdentifier: 'the-next-one' })

    await expectRefusal(await postAms(sandbox, body), 4012250)
    const jti = randomUUID() + randomUUID()
    const next = amsBody(signJwt({ ...claims, jti, clientIdentifier: 'the-next-one' }))
    expect((await postAms(sandbox, next)).status).toBe(200)
    sandbox.control({ clientIdentifier: null })
    expect((await postAms(sandbox, body)).status).toBe(200)
  })

  it('takes every registered public key', async () => {
    const other = await generateKeysFile()
    const clock = { now: NOW * 1000 }
    const sandbox = await startSandbox({ registration: { publicKeys: [other.Public] } }, clock)
    const { access_token: idpToken } = await obtainTokens(sandbox)
    const claims = clientIdentifierClaims(sandbox, clock, idpToken)
    const jwt = signJwt({ ...claims, publicKey: other.Public }, undefined, other.Private)

    const res = await postAms(sandbox, amsBody(jwt, { base64EncodedStringPublicKey: other.Public }))

    expect(res.status).toBe(200)
  })
})

describe('the Samsung Account token', () => {
  it.each([
    ['has expired', { expireAccessTokens: true }],
    ['was revoked', { revokeConsent: 'ada' }],
    ['was forgotten', { forgetTokens: true }],
  ] as const)('is refused when it %s', async (_name, action) => {
    const { sandbox, claims } = await ready()
    sandbox.control(action)

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(claims))), 4010011)
  })

  it.each([
    [3_599_999, 200],
    [3_600_000, 401],
  ])('of an hour is answered after %i ms with %i', async (age, status) => {
    const { sandbox, claims, clock } = await ready()
    clock.now += age
    const iat = Math.floor(clock.now / 1000)

    const res = await postAms(sandbox, amsBody(signJwt({ ...claims, iat, exp: iat + 1800 })))

    expect(res.status).toBe(status)
  })

  it('of another client is refused', async () => {
    const { sandbox, claims } = await ready()
    for (const [value, token] of sandbox.state.accessTokens) {
      sandbox.state.accessTokens.set(value, { ...token, clientId: 'another' })
    }

    await expectRefusal(await postAms(sandbox, amsBody(signJwt(claims))), 4010011)
  })
})

describe('the shape of an error', () => {
  it.each([
    ['number', 4000000, 'RESOURCE_INVALID_PARAM'],
    ['string', '4000000', 'RESOURCE_INVALID_PARAM'],
    ['array', [4000000], ['RESOURCE_INVALID_PARAM']],
  ] as const)('can have its code as %s', async (codeShape, code, message) => {
    const { sandbox } = await ready()
    sandbox.control({ codeShape })

    const body = await (await postAms(sandbox, '{')).json()

    expect(body).toMatchObject({ code, message, errorId: expect.any(String) })
  })
})
