import { describe, expect, it } from '@jest/globals'
import { ControlError } from '../../../src/sandbox/control/rules.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { consent, obtainTokens, refresh } from './support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from './support/sandbox.ts'

const post = (sandbox: Sandbox, body: string, contentType = 'application/json') =>
  fetch(`${sandbox.localUrl}/__control`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  })

describe('POST /__control', () => {
  it('changes what it names and answers with all settings', async () => {
    const sandbox = await startSandbox()

    const res = await post(sandbox, '{"rotation":"none","codeShape":"array"}')

    expect(res.status).toBe(200)
    expect(await res.json()).toEqual({
      ...sandbox.state.initialSettings,
      rotation: 'none',
      codeShape: 'array',
    })
    expect(sandbox.state.settings.rotation).toBe('none')
  })

  it('merges trust organisation by organisation', async () => {
    const sandbox = await startSandbox()

    await post(sandbox, '{"trust":{"fernhill":false}}')
    await post(sandbox, '{"trust":{"marlow":false}}')

    expect(sandbox.state.settings.trust).toEqual({ fernhill: false, marlow: false })
  })

  it('resets a setting to how the sandbox was started with null', async () => {
    const sandbox = await startSandbox({
      settings: { rotation: 'none', authServerUrl: 'a.example' },
    })
    await post(
      sandbox,
      '{"rotation":"rotate","authServerUrl":"b.example","trust":{"marlow":false}}',
    )

    await post(sandbox, '{"rotation":null,"authServerUrl":null,"redirectUris":null,"trust":null}')

    expect(sandbox.state.settings).toEqual(sandbox.state.initialSettings)
    expect(sandbox.state.settings.redirectUris).toEqual([REDIRECT_URI])
  })

  it.each([
    [
      '{"rotations":"none"}',
      /^rotations is not a known field; the request may have: redirectUris, /,
    ],
    ['{"__proto__":{}}', /^__proto__ is not a known field/],
    ['{"constructor":1}', /^constructor is not a known field/],
    ['{"rotation":"sometimes"}', /^rotation must be one of none, rotate$/],
    ['{"rotation":["none"]}', /^rotation must be one of none, rotate$/],
    [
      '{"accessTokenLifetimeSeconds":0}',
      /^accessTokenLifetimeSeconds must be a whole number from 1 /,
    ],
    ['{"accessTokenLifetimeSeconds":"60"}', /^accessTokenLifetimeSeconds must be a whole number/],
    ['{"numbersAsStrings":1}', /^numbersAsStrings must be true or false$/],
    ['{"redirectUris":["javascript:alert(1)"]}', /^redirectUris must be an array of absolute http/],
    ['{"redirectUris":["https://x.example/#a"]}', /^redirectUris must be/],
    ['{"redirectUris":"https://x.example/"}', /^redirectUris must be/],
    ['{"trust":{"acme":true}}', /^trust must be an object of organisation id/],
    ['{"trust":{"fernhill":"yes"}}', /^trust must be/],
    ['{"revokeConsent":"eve"}', /^revokeConsent must be the id of an administrator$/],
    ['{"revokeConsent":null}', /^revokeConsent must be/],
    ['{"expireAccessTokens":false}', /^expireAccessTokens must be true$/],
    ['[]', /^the request must be a JSON object$/],
    ['{', /^the request must be a JSON object$/],
    ['', /^the request must be a JSON object$/],
  ])('refuses %s', async (body, message) => {
    const sandbox = await startSandbox()

    const res = await post(sandbox, body)

    expect(res.status).toBe(400)
    expect(await res.json()).toEqual({ error: expect.stringMatching(message) })
  })

  it('does nothing of a request that is partly wrong', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    await post(sandbox, '{"rotation":"none","forgetTokens":true,"unknown":1}')

    expect(sandbox.state.settings).toEqual(sandbox.state.initialSettings)
    expect((await refresh(sandbox, token)).status).toBe(200)
  })

  it.each(['application/x-www-form-urlencoded', 'text/plain'])(
    'refuses %s, which any page could send',
    async (contentType) => {
      const sandbox = await startSandbox()

      const res = await post(sandbox, '{"rotation":"none"}', contentType)

      expect(res.status).toBe(400)
      expect(await res.text()).toContain('application/json')
      expect(sandbox.state.settings.rotation).toBe('rotate')
    },
  )

  it('checks callers in the same process too', async () => {
    const sandbox = await startSandbox()

    expect(() => sandbox.control({ accessTokenLifetimeSeconds: -1 })).toThrow(ControlError)
  })

  it('merges the settings a sandbox is started with in the same way', async () => {
    const sandbox = await startSandbox({ settings: { trust: { marlow: false }, rotation: null } })

    expect(sandbox.state.settings.trust).toEqual({ fernhill: true, marlow: false })
    expect(sandbox.state.settings.rotation).toBe('rotate')
  })

  it('checks the settings a sandbox is started with', async () => {
    await expect(startSandbox({ settings: { clockSkewSeconds: -1 } })).rejects.toThrow(ControlError)
  })
})

describe('GET /__control', () => {
  it('tells the settings', async () => {
    const sandbox = await startSandbox()

    const res = await fetch(`${sandbox.localUrl}/__control`)

    expect(await res.json()).toEqual(sandbox.state.settings)
  })
})

describe('the clock', () => {
  it('can be set off, and the Date header says so', async () => {
    const sandbox = await startSandbox({}, { now: Date.UTC(2026, 0, 1) })

    const before = await fetch(`${sandbox.localUrl}/__control`)
    sandbox.control({ clockOffsetSeconds: -90 })
    const after = await fetch(`${sandbox.localUrl}/__control`)

    expect(before.headers.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    expect(after.headers.get('date')).toBe('Wed, 31 Dec 2025 23:58:30 GMT')
  })

  it('ages codes and tokens when it is set off', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    sandbox.control({ clockOffsetSeconds: 7_776_000 })

    expect((await refresh(sandbox, token)).status).toBe(400)
  })
})

describe('the record', () => {
  const record = async (sandbox: Sandbox) => (await fetch(`${sandbox.localUrl}/__record`)).json()

  it('counts what was issued, spent and refused, and lists the requests', async () => {
    const clock = { now: Date.UTC(2026, 10, 20, 12) }
    const sandbox = await startSandbox({}, clock)
    const { refresh_token: token } = await obtainTokens(sandbox)
    await refresh(sandbox, token)
    await refresh(sandbox, token)

    const seen = await record(sandbox)

    const at = '2026-11-20T12:00:00.000Z'
    const tokenRequest = { at, on: 'token', route: 'POST /auth/oauth2/token' }
    const print = expect.stringMatching(/^[\w-]{43}$/)
    const issued = { accessToken: print, refreshToken: print }
    expect(seen).toEqual({
      issued: { codes: 1, accessTokens: 2, refreshTokens: 2, kcsTokens: 0 },
      spent: { codes: 1, refreshTokens: 1, jtis: 0 },
      refused: { signin: 0, token: 1, ams: 0, kme: 0 },
      requests: [
        {
          at,
          on: 'signin',
          route: 'POST /accounts/v1/SANDBOX/signInGate',
          status: 302,
          issued: { code: print },
        },
        { ...tokenRequest, status: 200, grantType: 'authorization_code', presented: print, issued },
        { ...tokenRequest, status: 200, grantType: 'refresh_token', presented: print, issued },
        {
          ...tokenRequest,
          status: 400,
          grantType: 'refresh_token',
          presented: print,
          code: 'AUT_1802',
        },
      ],
    })
  })

  it('holds no code, token or secret', async () => {
    const sandbox = await startSandbox()
    const tokens = await obtainTokens(sandbox)
    await refresh(sandbox, tokens.refresh_token)
    const secrets = [
      ...sandbox.state.codes.keys(),
      ...sandbox.state.accessTokens.keys(),
      ...sandbox.state.refreshTokens.keys(),
      sandbox.registration.client.clientSecret,
    ]

    const text = JSON.stringify(await record(sandbox))

    expect(secrets).toHaveLength(6)
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  it('starts over when it is deleted', async () => {
    const sandbox = await startSandbox()
    await consent(sandbox)

    const res = await fetch(`${sandbox.localUrl}/__record`, { method: 'DELETE' })

    expect(res.status).toBe(204)
    expect(await record(sandbox)).toMatchObject({ issued: { codes: 0 }, requests: [] })
  })
})

describe('arrival', () => {
  it('tells of the next request to a target before it is answered', async () => {
    const sandbox = await startSandbox()
    sandbox.addFault({ on: 'token', do: { kind: 'delay', ms: 600_000 } })
    const arrived = sandbox.arrival('token')
    const leaving = new AbortController()
    const request = fetch(`${sandbox.localUrl}/auth/oauth2/token`, {
      method: 'POST',
      signal: leaving.signal,
    })

    await arrived

    expect(sandbox.record().requests).toEqual([])
    leaving.abort()
    await expect(request).rejects.toThrow('aborted')
  })
})
