import { describe, expect, it } from '@jest/globals'
import {
  callBearer,
  clientToken,
  obtainOauthTokens,
  refreshOauth,
} from '../unit/sandbox/support/knox-oauth.ts'
import { startSandbox } from '../unit/sandbox/support/sandbox.ts'

const DEVICES = '/kcs/v1/kme/devices/list'
const PROFILES = '/kcs/v1/kme/profiles/list'
const CUSTOMERS = '/msp/v1/managedCustomers'

describe('a call with a Bearer token', () => {
  it('sees the organisation that consented, and consent is trust enough', async () => {
    const sandbox = await startSandbox({ settings: { trust: { marlow: false } } })
    const { access_token: token } = await obtainOauthTokens(sandbox, { allow: 'ben' })

    const res = await callBearer(sandbox, DEVICES, token)

    expect(await res.json()).toMatchObject({ totalCount: 3 })
  })

  it.each([
    [599_999, 200],
    [600_000, 401],
  ])('after %i ms is answered with %i', async (age, status) => {
    const clock = { now: Date.UTC(2026, 10, 20) }
    const sandbox = await startSandbox({}, clock)
    const { access_token: token } = await obtainOauthTokens(sandbox)
    clock.now += age

    expect((await callBearer(sandbox, DEVICES, token)).status).toBe(status)
  })

  it('that has expired is refused with what RFC 6750 §3 asks for', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox)
    sandbox.control({ expireOauthTokens: true })

    const res = await callBearer(sandbox, DEVICES, token)

    expect(res.status).toBe(401)
    expect(res.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await res.json()).toMatchObject({ code: 4010000, message: 'AUTHORIZATION_FAIL' })
  })

  it.each(['Bearer x', 'Bearer', 'Basic eDp5', ''])('is refused with %j', async (authorization) => {
    const sandbox = await startSandbox()

    const res = await fetch(sandbox.localUrl + DEVICES, { headers: { authorization } })

    expect(res.status).toBe(401)
  })

  it('is refused when it carries a signed token too', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox)

    const res = await callBearer(sandbox, DEVICES, token, { 'x-knox-apitoken': 'a.b.c' })

    expect(res.status).toBe(400)
  })

  it.each([
    ['kme', DEVICES, 200],
    ['kme.devices', DEVICES, 200],
    ['kme.devices:view', DEVICES, 200],
    ['kme.devices:manage', DEVICES, 200],
    ['kme.profiles', DEVICES, 403],
    ['kme.profiles:view', PROFILES, 200],
    ['kc', PROFILES, 403],
  ])('of scope %s may read %s: %i', async (scope, path, status) => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox, { scope })

    expect((await callBearer(sandbox, path, token)).status).toBe(status)
  })

  it('is not taken by Knox Guard', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox)

    const res = await fetch(`${sandbox.localUrl}/kcs/v1.1/kg/devices/list`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    })

    expect(res.status).toBe(401)
    expect(await res.json()).toMatchObject({
      result: 'FAIL',
      error: { code: 4010000, message: 'AUTHORIZATION_FAIL' },
    })
  })
})

describe('a call with client credentials', () => {
  it('of an MSP names its customer, and lists whom it may name', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await clientToken(sandbox, 'msp', 'kme msp')
    const tenant = { 'x-wsm-managed-tenantid': '4700000002' }

    const devices = await callBearer(sandbox, DEVICES, token, tenant)
    const customers = await callBearer(sandbox, CUSTOMERS, token)

    expect(await devices.json()).toMatchObject({
      deviceList: [expect.objectContaining({ tenantName: 'Managed Customer 2' }), {}],
    })
    expect(await customers.json()).toMatchObject({ totalCount: '3' })
  })

  it.each([
    [{}, 4000904],
    [{ 'x-wsm-managed-tenantid': '4800000001' }, 4002113],
    [{ 'x-wsm-managed-tenantid': '4900000001' }, 4002105],
  ])('of an MSP with %j is refused with %i', async (headers, code) => {
    const sandbox = await startSandbox()
    const { access_token: token } = await clientToken(sandbox, 'msp', 'kme')

    const res = await callBearer(sandbox, DEVICES, token, headers as Record<string, string>)

    expect(await res.json()).toMatchObject({ code })
  })

  it('of an MSP needs the scope of the list', async () => {
    const sandbox = await startSandbox()
    const { access_token: narrow } = await clientToken(sandbox, 'msp', 'kme msp.profiles')

    const res = await callBearer(sandbox, CUSTOMERS, narrow)

    expect([res.status, await res.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'AUTHORIZATION_FAIL', errorCode: '4030000' }),
    ])
  })

  it('of a company for itself sees its own devices, names no tenant and has no customers', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await clientToken(sandbox, 'customer', 'kme')
    const tenant = { 'x-wsm-managed-tenantid': '4700000001' }

    expect(await (await callBearer(sandbox, DEVICES, token)).json()).toMatchObject({
      totalCount: 5,
    })
    expect((await callBearer(sandbox, DEVICES, token, tenant)).status).toBe(400)
    expect((await callBearer(sandbox, CUSTOMERS, token)).status).toBe(403)
  })
})

describe('what the sandbox knows of Knox OAuth 2.0', () => {
  it('is told without any code, token or secret', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox)
    await callBearer(sandbox, DEVICES, token)
    await clientToken(sandbox, 'msp', 'kme')
    const { codes, accessTokens, refreshTokens } = sandbox.state.oauth
    const secrets = [
      ...[codes, accessTokens, refreshTokens].flatMap((known: ReadonlyMap<string, unknown>) => [
        ...known.keys(),
      ]),
      ...Object.values(sandbox.registration.oauth).map(({ clientSecret }) => clientSecret),
    ]

    const text = JSON.stringify(sandbox.record())

    expect(secrets).toHaveLength(7)
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  })

  it('tells of a rotated refresh token that nobody received', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainOauthTokens(sandbox)
    sandbox.addFault({ on: 'oauth_token', do: { kind: 'reset_after_effect' } })

    await expect(refreshOauth(sandbox, token)).rejects.toThrow('fetch failed')

    expect(sandbox.record().grants).toMatchObject([
      { rotations: 1, revoked: null, liveRefreshToken: expect.any(String), delivery: 'cut' },
    ])
    expect((await refreshOauth(sandbox, token)).status).toBe(400)
  })

  it('is forgotten on demand', async () => {
    const sandbox = await startSandbox()
    const { access_token: token } = await obtainOauthTokens(sandbox)
    sandbox.control({ forgetTokens: true })

    expect((await callBearer(sandbox, DEVICES, token)).status).toBe(401)
    expect(sandbox.record().grants).toEqual([])
  })
})
