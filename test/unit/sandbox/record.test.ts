import { describe, expect, it } from '@jest/globals'
import { fingerprint } from '../../../src/sandbox/record.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { amsBody, clientIdentifierClaims, getKme, postAms, signJwt } from './support/knox.ts'
import {
  consent,
  exchange,
  obtainTokens,
  openSignIn,
  postToken,
  refresh,
} from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const record = async (sandbox: Sandbox) => (await fetch(`${sandbox.localUrl}/__record`)).json()

describe('the record', () => {
  it('counts what was issued, spent and refused, and lists the requests', async () => {
    const clock = { now: Date.UTC(2026, 10, 20, 12) }
    const sandbox = await startSandbox({}, clock)
    const empty = sandbox.record()
    const { refresh_token: token } = await obtainTokens(sandbox)
    await refresh(sandbox, token)
    await refresh(sandbox, token)

    const seen = await record(sandbox)

    const at = '2026-11-20T12:00:00.000Z'
    const [family] = sandbox.state.families.keys()
    const done = { at, outcome: 'accepted', delivery: 'delivered' }
    const tokenRequest = { ...done, on: 'token', route: 'POST /auth/oauth2/token', family }
    const refreshing = { grantType: 'refresh_token', presented: fingerprint(token) }
    const print = expect.stringMatching(/^[\w-]{43}$/)
    const issued = { accessToken: print, refreshToken: print }
    expect(seen).toEqual({
      issued: { ...empty.issued, codes: 1, accessTokens: 2, refreshTokens: 2 },
      spent: { ...empty.spent, codes: 1, refreshTokens: 1 },
      refused: { ...empty.refused, token: 1 },
      requests: [
        {
          ...done,
          on: 'signin',
          route: 'POST /accounts/v1/SANDBOX/signInGate',
          status: 302,
          issued: { code: print },
        },
        { ...tokenRequest, status: 200, grantType: 'authorization_code', presented: print, issued },
        { ...tokenRequest, ...refreshing, status: 200, standing: 'live', presentations: 1, issued },
        {
          ...tokenRequest,
          ...refreshing,
          status: 400,
          standing: 'spent',
          presentations: 2,
          outcome: 'refused',
          code: 'AUT_1802',
        },
      ],
      families: [expect.objectContaining({ id: family, account: 'ada' })],
      grants: [],
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

  it('starts over when it is deleted, and keeps what it knows of families and tokens', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)
    await refresh(sandbox, token)
    const { families } = sandbox.record()

    const res = await fetch(`${sandbox.localUrl}/__record`, { method: 'DELETE' })

    expect(res.status).toBe(204)
    expect(await record(sandbox)).toMatchObject({ issued: { codes: 0 }, requests: [], families })
    await refresh(sandbox, token)
    expect(sandbox.record().requests).toMatchObject([{ standing: 'spent', presentations: 2 }])
  })

  it('is told as of now to callers in the same process', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    const before = sandbox.record()
    const told = JSON.stringify(before)
    await refresh(sandbox, token)

    expect(JSON.stringify(before)).toBe(told)
    expect(sandbox.record().requests).toHaveLength(before.requests.length + 1)
  })

  it('says of every target whether the request was accepted', async () => {
    const clock = { now: 1_800_000_000_000 }
    const sandbox = await startSandbox({}, clock)
    const { access_token: idpToken } = await obtainTokens(sandbox)
    sandbox.clearRecord()

    await openSignIn(sandbox, { state: undefined })
    await postAms(sandbox, amsBody(signJwt(clientIdentifierClaims(sandbox, clock, idpToken))))
    await getKme(sandbox, undefined)

    expect(sandbox.record().requests).toMatchObject([
      { on: 'signin', outcome: 'refused' },
      { on: 'ams', outcome: 'accepted' },
      { on: 'kme', outcome: 'refused' },
    ])
  })
})

describe('the record of a refresh request', () => {
  const lastOf = (sandbox: Sandbox) => sandbox.record().requests.at(-1)

  it('says when the token was never issued, and names no family', async () => {
    const sandbox = await startSandbox()

    await refresh(sandbox, 'made-up')

    const last = lastOf(sandbox)
    expect(last).toMatchObject({
      presented: fingerprint('made-up'),
      standing: 'unknown',
      outcome: 'refused',
    })
    expect(last).not.toHaveProperty('family')
    expect(last).not.toHaveProperty('presentations')
  })

  it.each([
    [99_999, 'live', 'accepted'],
    [100_000, 'expired', 'refused'],
  ])('says of a token of 100 s after %i ms that it is %s', async (age, standing, outcome) => {
    const clock = { now: 1_800_000_000_000 }
    const sandbox = await startSandbox({ settings: { refreshTokenLifetimeSeconds: 100 } }, clock)
    const { refresh_token: token } = await obtainTokens(sandbox)
    clock.now += age

    await refresh(sandbox, token)

    expect(lastOf(sandbox)).toMatchObject({ standing, outcome, presentations: 1 })
  })

  it('says when the token was revoked', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)
    sandbox.control({ revokeConsent: 'ada' })

    await refresh(sandbox, token)

    expect(lastOf(sandbox)).toMatchObject({ standing: 'revoked', outcome: 'refused' })
  })

  it('counts presentations that were refused for another reason', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    await refresh(sandbox, token, { client_secret: 'wrong' })
    await refresh(sandbox, token)

    expect(sandbox.record().requests.slice(-2)).toMatchObject([
      { standing: 'live', presentations: 1, outcome: 'refused', code: 'AUT_1702' },
      { standing: 'live', presentations: 2, outcome: 'accepted' },
    ])
  })

  it('counts presentations in whose place a fault answered or cut', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)
    sandbox.addFault({ on: 'token', do: { kind: 'reset' } })
    sandbox.addFault({ on: 'token', do: { kind: 'status', status: 503 } })

    await expect(refresh(sandbox, token)).rejects.toThrow()
    await refresh(sandbox, token)
    await refresh(sandbox, token)

    expect(sandbox.record().requests.slice(-3)).toMatchObject([
      { standing: 'live', presentations: 1, outcome: 'not_judged', delivery: 'cut' },
      { standing: 'live', presentations: 2, outcome: 'not_judged', delivery: 'delivered' },
      { standing: 'live', presentations: 3, outcome: 'accepted', delivery: 'delivered' },
    ])
  })

  it('does not take an authorization code for a refresh token', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)

    await exchange(sandbox, await consent(sandbox), { refresh_token: token })
    await postToken(sandbox, { refresh_token: token })

    for (const entry of sandbox.record().requests) expect(entry).not.toHaveProperty('standing')
    expect(sandbox.state.refreshTokens.get(token)?.presentations).toBe(0)
  })
})
