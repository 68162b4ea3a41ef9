import { describe, expect, it } from '@jest/globals'
import { consent, exchange, type Fields, postToken, refresh } from './support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from './support/sandbox.ts'

const TOO_LONG = 'x'.repeat(2_049)

describe('the token endpoint with an authorization code', () => {
  it('answers as Samsung documents it', async () => {
    const sandbox = await startSandbox()

    const res = await exchange(sandbox, await consent(sandbox))

    expect(res.status).toBe(200)
    expect(res.headers.get('content-type')).toBe('application/json;charset=UTF-8')
    expect(res.headers.get('cache-control')).toBe('no-store')
    expect(await res.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]{32}$/),
      token_type: 'Bearer',
      access_token_expires_in: 3600,
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token_expires_in: 7_776_000,
      userId: 'q7ada2k9xw',
      inputEmailID: 'ada@fernhill.example',
    })
  })

  it('spends a code once', async () => {
    const sandbox = await startSandbox()
    const code = await consent(sandbox)
    await exchange(sandbox, code)

    const res = await exchange(sandbox, code)

    expect(res.status).toBe(400)
    expect(await res.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1802' })
  })

  it.each([
    [299_999, 200],
    [300_000, 400],
  ])('answers a code that is %i ms old with %i', async (age, status) => {
    const clock = { now: 1_800_000_000_000 }
    const sandbox = await startSandbox({}, clock)
    const code = await consent(sandbox)

    clock.now += age

    expect((await exchange(sandbox, code)).status).toBe(status)
  })

  it('keeps a code that was presented with a wrong redirect URI', async () => {
    const sandbox = await startSandbox()
    const code = await consent(sandbox)
    await exchange(sandbox, code, { redirect_uri: `${REDIRECT_URI}/` })

    expect((await exchange(sandbox, code)).status).toBe(200)
  })

  it('knows the redirect URI that the code was made for, not only registered ones', async () => {
    const other = 'https://gate.example/callback/other'
    const sandbox = await startSandbox({ settings: { redirectUris: [REDIRECT_URI, other] } })

    const res = await exchange(sandbox, await consent(sandbox), { redirect_uri: other })

    expect(await res.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1022' })
  })

  it('refuses a code of another client', async () => {
    const sandbox = await startSandbox()
    const code = await consent(sandbox)
    const known = sandbox.state.codes.get(code)
    if (known !== undefined) sandbox.state.codes.set(code, { ...known, clientId: 'another' })

    const res = await exchange(sandbox, code)

    expect(await res.json()).toMatchObject({ error: 'invalid_grant', error_code: 'AUT_1806' })
  })

  it('refuses a code whose consent was taken back', async () => {
    const sandbox = await startSandbox()
    const code = await consent(sandbox)
    sandbox.control({ revokeConsent: 'ada' })

    expect((await exchange(sandbox, code)).status).toBe(400)
  })

  it.each<[string, Fields, string, string]>([
    ['no client id', { client_id: undefined }, 'AUT_1001', 'invalid_request'],
    ['a client id of 2049 characters', { client_id: TOO_LONG }, 'AUT_1010', 'invalid_request'],
    ['two client ids', { client_id: ['a', 'b'] }, 'AUT_1010', 'invalid_request'],
    ['a client id with spaces', { client_id: 'a b' }, 'AUT_1024', 'invalid_request'],
    ['an unknown client id', { client_id: 'another' }, 'AUT_1785', 'invalid_client'],
    ['no client secret', { client_secret: undefined }, 'AUT_1002', 'invalid_client'],
    ['a long client secret', { client_secret: TOO_LONG }, 'AUT_1011', 'invalid_request'],
    ['a wrong client secret', { client_secret: 'wrong' }, 'AUT_1702', 'invalid_client'],
    ['no grant type', { grant_type: undefined }, 'AUT_1008', 'invalid_request'],
    ['a long grant type', { grant_type: TOO_LONG }, 'AUT_1017', 'invalid_request'],
    ['another grant type', { grant_type: 'password' }, 'AUT_1017', 'unsupported_grant_type'],
    ['no code', { code: undefined }, 'AUT_1006', 'invalid_request'],
    ['two codes', { code: ['a', 'b'] }, 'AUT_1015', 'invalid_request'],
    ['a code of 2049 characters', { code: TOO_LONG }, 'AUT_1015', 'invalid_request'],
    ['an unknown code', { code: 'unknown' }, 'AUT_1802', 'invalid_grant'],
    ['no redirect URI', { redirect_uri: undefined }, 'AUT_1022', 'invalid_request'],
    ['a long redirect URI', { redirect_uri: TOO_LONG }, 'AUT_1045', 'invalid_request'],
    ['another redirect URI', { redirect_uri: 'https://x.example/' }, 'AUT_1022', 'invalid_grant'],
  ])('refuses %s', async (_name, fields, code, error) => {
    const sandbox = await startSandbox()

    const res = await exchange(sandbox, await consent(sandbox), fields)

    expect(res.status).toBe(400)
    expect(await res.json()).toEqual({
      error,
      error_code: code,
      error_description: expect.any(String),
    })
    expect(sandbox.state.accessTokens.size).toBe(0)
    expect(sandbox.record().refused.token).toBe(1)
  })

  it('refuses the right client secret while it is not accepted, and spends nothing', async () => {
    const sandbox = await startSandbox()
    const code = await consent(sandbox)
    sandbox.control({ clientSecretAccepted: false })

    const refused = await exchange(sandbox, code)
    sandbox.control({ clientSecretAccepted: true })
    const taken = await exchange(sandbox, code)

    expect(await refused.json()).toEqual({
      error: 'invalid_client',
      error_code: 'AUT_1702',
      error_description: 'client_secret is incorrect',
    })
    expect([refused.status, taken.status]).toEqual([400, 200])
  })

  it('refuses a JSON body', async () => {
    const sandbox = await startSandbox()
    const { clientId, clientSecret } = sandbox.registration.client

    const res = await fetch(`${sandbox.localUrl}/auth/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grant_type: 'authorization_code',
        client_id: clientId,
        client_secret: clientSecret,
        code: await consent(sandbox),
        redirect_uri: REDIRECT_URI,
      }),
    })

    expect(res.status).toBe(400)
    expect(await res.json()).toMatchObject({
      error: 'invalid_request',
      error_description: 'the body must be application/x-www-form-urlencoded',
    })
  })
})

describe('client authentication with HTTP Basic', () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  })
  const inHeaderOnly = { client_id: undefined, client_secret: undefined }

  it('is refused even with the right secret', async () => {
    const sandbox = await startSandbox()
    const { clientId, clientSecret } = sandbox.registration.client

    const res = await postToken(sandbox, inHeaderOnly, basic(clientId, clientSecret))

    expect(await res.json()).toMatchObject({ error: 'invalid_client', error_code: 'AUT_1002' })
  })

  it('is taken when that is allowed', async () => {
    const secret = 'a:b+c/d'
    const sandbox = await startSandbox({
      registration: { clientSecret: secret },
      settings: { basicAuthentication: true },
    })
    const fields = {
      ...inHeaderOnly,
      grant_type: 'authorization_code',
      code: await consent(sandbox),
      redirect_uri: REDIRECT_URI,
    }

    const res = await postToken(
      sandbox,
      fields,
      basic(sandbox.registration.client.clientId, secret),
    )

    expect(res.status).toBe(200)
  })

  it.each([
    ['a wrong secret', inHeaderOnly, 'wrong', 'AUT_1702'],
    ['a secret in the body as well', { client_id: undefined }, 'wrong', 'AUT_1011'],
  ])('is refused with %s', async (_name, fields, secret, code) => {
    const sandbox = await startSandbox({ settings: { basicAuthentication: true } })

    const res = await postToken(
      sandbox,
      fields,
      basic(sandbox.registration.client.clientId, secret),
    )

    expect(await res.json()).toMatchObject({ error_code: code })
  })

  it('must be Basic and nothing else', async () => {
    const sandbox = await startSandbox({ settings: { basicAuthentication: true } })

    const res = await postToken(sandbox, inHeaderOnly, { authorization: 'Bearer abc' })

    expect(await res.json()).toMatchObject({ error_code: 'AUT_1002' })
  })
})

describe('errors of the token endpoint', () => {
  it('can leave out the RFC 6749 member', async () => {
    const sandbox = await startSandbox({ settings: { errorShape: 'code_only' } })

    const res = await refresh(sandbox, 'unknown')

    expect(await res.json()).toEqual({
      error_code: 'AUT_1802',
      error_description: 'refresh_token is incorrect',
    })
  })

  it('can be XML', async () => {
    const sandbox = await startSandbox({ settings: { errorShape: 'xml' } })

    const res = await refresh(sandbox, 'unknown')

    expect(res.status).toBe(400)
    expect(res.headers.get('content-type')).toBe('text/xml;charset=UTF-8')
    expect(await res.text()).toContain('<error_code>AUT_1802</error_code>')
  })

  it('never quote what was sent', async () => {
    const sandbox = await startSandbox()

    const res = await exchange(sandbox, 'canary-code', { redirect_uri: 'canary-uri' })

    expect(await res.text()).not.toContain('canary')
  })
})
