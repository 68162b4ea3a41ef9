import { describe, expect, it } from '@jest/globals'
import { ControlError } from '../../../src/sandbox/control/rules.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { obtainTokens, refresh } from './support/samsung-account.ts'
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
    ['{"rotation":"sometimes"}', /^rotation must be one of none, rotate, grace, reuse_revokes$/],
    [
      '{"rotationGraceSeconds":-1}',
      /^rotationGraceSeconds must be a whole number from 0 to 86400$/,
    ],
    ['{"rotationGraceSeconds":86401}', /^rotationGraceSeconds must be a whole number/],
    ['{"rotation":["none"]}', /^rotation must be one of none, rotate, grace, reuse_revokes$/],
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
    ['{"publicKeys":["MIIB"]}', /^publicKeys must be an array of RSA public keys of at least 1024/],
    ['{"publicKeys":[7]}', /^publicKeys must be an array/],
    ['{"publicKeys":"MIIB"}', /^publicKeys must be an array/],
    [
      '{"clientIdentifier":""}',
      /^clientIdentifier must be a text of 1 to 2000 characters, or null$/,
    ],
    ['{"clientIdentifier":7}', /^clientIdentifier must be a text/],
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
