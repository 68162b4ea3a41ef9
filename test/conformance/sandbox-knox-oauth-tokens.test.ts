import { describe, expect, it } from '@jest/globals'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import {
  callBearer,
  challengeOf,
  clientToken,
  exchangeCode,
  oauthConsent,
  obtainOauthTokens,
  postOauth,
  refreshOauth,
  tokensOf,
  VERIFIER,
} from '../unit/sandbox/support/knox-oauth.ts'
import { REDIRECT_URI, startSandbox } from '../unit/sandbox/support/sandbox.ts'

const DEVICES = '/kcs/v1/kme/devices/list'

async function expectError(res: Response, status: number, error: string): Promise<void> {
  expect(await res.json()).toEqual({ error, error_description: expect.any(String) })
  expect(res.status).toBe(status)
}

const statusOf = async (sandbox: Sandbox, token: string): Promise<number> =>
  (await callBearer(sandbox, DEVICES, token)).status

describe('exchanging a code', () => {
  it('answers as documented: ten minutes, said to be 599 seconds', async () => {
    const sandbox = await startSandbox()

    const res = await exchangeCode(sandbox, await oauthConsent(sandbox))

    expect(await res.json()).toEqual({
      access_token: expect.stringMatching(/^eyJraWQi/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      scope: 'kme openid',
      token_type: 'Bearer',
      expires_in: 599,
    })
  })

  it.each([
    [59_999, 200],
    [60_000, 400],
  ])('is answered after %i ms with %i', async (age, status) => {
    const clock = { now: Date.UTC(2026, 10, 20) }
    const sandbox = await startSandbox({}, clock)
    const code = await oauthConsent(sandbox)
    clock.now += age

    expect((await exchangeCode(sandbox, code)).status).toBe(status)
  })

  it('works once, and leaves what it gave alive', async () => {
    const sandbox = await startSandbox()
    const code = await oauthConsent(sandbox)
    const { access_token: token } = await tokensOf(await exchangeCode(sandbox, code))

    await expectError(await exchangeCode(sandbox, code), 400, 'invalid_grant')

    expect(await statusOf(sandbox, token)).toBe(200)
  })

  it('ends what it gave when it is tried again under reuse_revokes', async () => {
    const sandbox = await startSandbox({ settings: { oauthRotation: 'reuse_revokes' } })
    const code = await oauthConsent(sandbox)
    const { access_token: token } = await tokensOf(await exchangeCode(sandbox, code))

    await expectError(await exchangeCode(sandbox, code), 400, 'invalid_grant')

    expect(await statusOf(sandbox, token)).toBe(401)
  })

  it.each([
    [42, 400],
    [43, 200],
    [128, 200],
    [129, 400],
  ])('takes a verifier of %i characters with %i', async (length, status) => {
    const sandbox = await startSandbox()
    const verifier = 'x'.repeat(length)
    const code = await oauthConsent(sandbox, { code_challenge: challengeOf(verifier) })

    expect((await exchangeCode(sandbox, code, { code_verifier: verifier })).status).toBe(status)
  })

  it.each<[string, Record<string, string | string[] | undefined>, string]>([
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_request'],
    ['the challenge as verifier', { code_verifier: challengeOf(VERIFIER) }, 'invalid_grant'],
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/` }, 'invalid_grant'],
    ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
    ['an unknown code', { code: 'x' }, 'invalid_grant'],
    ['no code', { code: '' }, 'invalid_request'],
    ['two grant types', { grant_type: ['refresh_token', 'x'] }, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['client credentials', { grant_type: 'client_credentials' }, 'unauthorized_client'],
  ])('is refused with %s, and the code stays good', async (_name, fields, error) => {
    const sandbox = await startSandbox()
    const code = await oauthConsent(sandbox)

    await expectError(await exchangeCode(sandbox, code, fields), 400, error)

    expect((await exchangeCode(sandbox, code)).status).toBe(200)
  })
})

describe('the client', () => {
  const fields = { grant_type: 'client_credentials', scope: 'kme' }

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }],
    ['no secret', { client_secret: undefined }],
    ['an unknown id', { client_id: 'kx00' }],
    ['no id', { client_id: undefined }],
  ])('is refused with %s at both endpoints', async (_name, wrong) => {
    const sandbox = await startSandbox()

    const asked = await postOauth(sandbox, 'token', { ...fields, ...wrong }, 'msp')
    const revoked = await postOauth(sandbox, 'revoke', { token: 'x', ...wrong }, 'msp')

    await expectError(asked, 401, 'invalid_client')
    await expectError(revoked, 401, 'invalid_client')
  })

  it('may not authenticate in a header', async () => {
    const sandbox = await startSandbox()
    const { clientId, clientSecret } = sandbox.registration.oauth.msp
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')

    const res = await postOauth(sandbox, 'token', fields, 'msp', {
      authorization: `Basic ${basic}`,
    })

    await expectError(res, 401, 'invalid_client')
  })

  it('is refused with its right secret while that is not accepted', async () => {
    const sandbox = await startSandbox({ settings: { clientSecretAccepted: false } })

    await expectError(await postOauth(sandbox, 'token', fields, 'msp'), 401, 'invalid_client')
  })

  it('must send a form', async () => {
    const sandbox = await startSandbox()

    const res = await postOauth(sandbox, 'token', fields, 'msp', {
      'content-type': 'application/json',
    })

    await expectError(res, 400, 'invalid_request')
  })
})

describe('a refresh', () => {
  it('gives new tokens, and the old refresh token is dead at once', async () => {
    const sandbox = await startSandbox()
    const first = await obtainOauthTokens(sandbox)

    const second = await tokensOf(await refreshOauth(sandbox, first.refresh_token))

    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(await statusOf(sandbox, second.access_token)).toBe(200)
    await expectError(await refreshOauth(sandbox, first.refresh_token), 400, 'invalid_grant')
    expect((await refreshOauth(sandbox, second.refresh_token)).status).toBe(200)
    expect(sandbox.record().requests.map(({ standing }) => standing)).toContain('spent')
  })

  it('with a spent token ends the grant under reuse_revokes', async () => {
    const sandbox = await startSandbox({ settings: { oauthRotation: 'reuse_revokes' } })
    const first = await obtainOauthTokens(sandbox)
    const second = await tokensOf(await refreshOauth(sandbox, first.refresh_token))

    await expectError(await refreshOauth(sandbox, first.refresh_token), 400, 'invalid_grant')

    await expectError(await refreshOauth(sandbox, second.refresh_token), 400, 'invalid_grant')
    expect(await statusOf(sandbox, second.access_token)).toBe(401)
    expect(sandbox.record().grants).toMatchObject([{ revoked: 'reuse', liveRefreshToken: null }])
  })

  it.each([
    [7_775_999_999, 200],
    [7_776_000_000, 400],
  ])('after %i ms is answered with %i', async (age, status) => {
    const clock = { now: Date.UTC(2026, 10, 20) }
    const sandbox = await startSandbox({}, clock)
    const { refresh_token: token } = await obtainOauthTokens(sandbox)
    clock.now += age

    expect((await refreshOauth(sandbox, token)).status).toBe(status)
  })

  it('is refused after the customer took the consent back', async () => {
    const sandbox = await startSandbox()
    const tokens = await obtainOauthTokens(sandbox)
    sandbox.control({ revokeConsent: 'ada' })

    await expectError(await refreshOauth(sandbox, tokens.refresh_token), 400, 'invalid_grant')
    expect(await statusOf(sandbox, tokens.access_token)).toBe(401)
  })

  it('is told in the record: how often, and what is live now', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainOauthTokens(sandbox)
    await refreshOauth(sandbox, token)

    const { grants, issued, spent } = sandbox.record()

    expect(grants).toEqual([
      {
        id: expect.stringMatching(/^grant_/),
        client: 'portal',
        account: 'ada',
        scope: 'kme openid',
        revoked: null,
        rotations: 1,
        liveRefreshToken: expect.stringMatching(/^[\w-]{43}$/),
        delivery: 'delivered',
      },
    ])
    expect(issued).toMatchObject({ oauthCodes: 1, oauthAccessTokens: 2, oauthRefreshTokens: 2 })
    expect(spent).toMatchObject({ oauthCodes: 1, oauthRefreshTokens: 1 })
  })
})

describe('client credentials', () => {
  it.each([
    [undefined, 200, 599],
    ['60', 200, 59],
    ['3600', 200, 3599],
    ['59', 400, undefined],
    ['3601', 400, undefined],
    ['ten', 400, undefined],
  ])('with expires_in %j are answered with %i', async (asked, status, expiresIn) => {
    const sandbox = await startSandbox()
    const fields = { grant_type: 'client_credentials', scope: 'kme', expires_in: asked }

    const res = await postOauth(sandbox, 'token', fields, 'customer')

    expect(res.status).toBe(status)
    expect(((await res.json()) as { expires_in?: number }).expires_in).toBe(expiresIn)
  })

  it.each([
    ['no scope', {}, 'invalid_request'],
    ['a scope of others', { scope: 'msp' }, 'invalid_scope'],
  ])('are refused with %s', async (_name, fields, error) => {
    const sandbox = await startSandbox()
    const grant = { grant_type: 'client_credentials', ...fields }

    await expectError(await postOauth(sandbox, 'token', grant, 'customer'), 400, error)
  })
})

describe('revocation', () => {
  it('of a refresh token ends all tokens of its grant at once', async () => {
    const sandbox = await startSandbox()
    const tokens = await obtainOauthTokens(sandbox)

    const res = await postOauth(sandbox, 'revoke', { token: tokens.refresh_token })

    expect([res.status, await res.text()]).toEqual([200, ''])
    expect(await statusOf(sandbox, tokens.access_token)).toBe(401)
    await expectError(await refreshOauth(sandbox, tokens.refresh_token), 400, 'invalid_grant')
  })

  it('of an access token ends that one only', async () => {
    const sandbox = await startSandbox()
    const tokens = await obtainOauthTokens(sandbox)

    await postOauth(sandbox, 'revoke', { token: tokens.access_token })

    expect(await statusOf(sandbox, tokens.access_token)).toBe(401)
    expect((await refreshOauth(sandbox, tokens.refresh_token)).status).toBe(200)
  })

  it('of an unknown token succeeds, RFC 7009 §2.2', async () => {
    const sandbox = await startSandbox()

    expect((await postOauth(sandbox, 'revoke', { token: 'x' })).status).toBe(200)
  })

  it('needs a token', async () => {
    const sandbox = await startSandbox()

    await expectError(await postOauth(sandbox, 'revoke', {}), 400, 'invalid_request')
  })

  it('of another client’s token is refused, and the token lives', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await clientToken(sandbox, 'customer', 'kme')

    await expectError(
      await postOauth(sandbox, 'revoke', { token }, 'msp'),
      400,
      'unauthorized_client',
    )
    expect(await statusOf(sandbox, token)).toBe(200)
  })
})
