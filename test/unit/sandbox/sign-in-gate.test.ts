import { describe, expect, it } from '@jest/globals'
import {
  consent,
  cookieOf,
  decide,
  exchange,
  locationOf,
  openSignIn,
} from './support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from './support/sandbox.ts'

describe('signInGate', () => {
  it('shows both administrators, each with a button for yes and one for no', async () => {
    const sandbox = await startSandbox()

    const res = await openSignIn(sandbox)

    const page = await res.text()
    expect(res.status).toBe(200)
    expect(page).toContain('Sandbox — not Samsung')
    for (const id of ['ada', 'ben']) {
      expect(page).toContain(`name="allow" value="${id}"`)
      expect(page).toContain(`name="deny" value="${id}"`)
    }
    expect(page).not.toContain('<script')
  })

  it.each([
    ['an unknown client', { client_id: 'another' }, 'client_id'],
    ['no client', { client_id: undefined }, 'client_id'],
    [
      'a redirect URI that is longer than the registered one',
      { redirect_uri: `${REDIRECT_URI}/` },
      'redirect_uri',
    ],
    [
      'a redirect URI that is a part of the registered one',
      { redirect_uri: 'https://gate.example/callback' },
      'redirect_uri',
    ],
    ['no redirect URI', { redirect_uri: undefined }, 'redirect_uri'],
    ['two redirect URIs', { redirect_uri: [REDIRECT_URI, REDIRECT_URI] }, 'redirect_uri'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['no response type', { response_type: undefined }, 'response_type'],
    ['no state', { state: undefined }, 'state'],
    ['an empty state', { state: '' }, 'state'],
  ])('refuses %s with a page and never with a redirect', async (_name, fields, names) => {
    const sandbox = await startSandbox()

    const shown = await openSignIn(sandbox, fields)
    const posted = await decide(sandbox, { ...fields, allow: 'ada' })

    for (const res of [shown, posted]) {
      expect(res.status).toBe(400)
      expect(res.headers.get('location')).toBeNull()
      expect(await res.text()).toContain(names)
    }
    expect(sandbox.record().refused.signin).toBe(2)
    expect(sandbox.state.codes.size).toBe(0)
  })

  it('does not know another alias', async () => {
    const sandbox = await startSandbox()

    const res = await fetch(`${sandbox.localUrl}/accounts/v1/OTHER/signInGate`)

    expect(res.status).toBe(404)
    expect(await res.text()).toContain('alias')
  })

  it.each(['CODE', 'code'])('takes response_type %s', async (responseType) => {
    const sandbox = await startSandbox()

    const res = await openSignIn(sandbox, { response_type: responseType })

    expect(res.status).toBe(200)
  })

  it('ignores parameters it does not know', async () => {
    const sandbox = await startSandbox()

    const res = await openSignIn(sandbox, { locale: 'de_DE', goBackURL: 'https://x.example' })

    expect(res.status).toBe(200)
  })

  it('sends whoever allows back with a code for the state', async () => {
    const sandbox = await startSandbox()

    const res = await decide(sandbox, { allow: 'ada' })

    const { origin, pathname, searchParams } = locationOf(res)
    expect(res.status).toBe(302)
    expect(origin + pathname).toBe(REDIRECT_URI)
    expect(searchParams.get('state')).toBe('state-1')
    expect(sandbox.state.codes.get(searchParams.get('code') ?? '')?.accountId).toBe('ada')
  })

  it.each([
    ['neither allow nor deny', {}],
    ['both', { allow: 'ada', deny: 'ada' }],
    ['an unknown administrator', { allow: 'eve' }],
    ['a name that every object has', { allow: 'constructor' }],
    ['two administrators', { allow: ['ada', 'ben'] }],
  ])('refuses a decision that says %s', async (_name, fields) => {
    const sandbox = await startSandbox()

    const res = await decide(sandbox, fields)

    expect(res.status).toBe(400)
    expect(res.headers.get('location')).toBeNull()
  })

  it('refuses a decision that is not a form', async () => {
    const sandbox = await startSandbox()

    const res = await fetch(`${sandbox.localUrl}/accounts/v1/SANDBOX/signInGate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"allow":"ada"}',
    })

    expect(res.status).toBe(400)
  })
})

describe('a browser that is signed in', () => {
  it('goes straight back with a new code', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decide(sandbox, { allow: 'ben' }))

    const res = await openSignIn(sandbox, { state: 'state-2' }, cookie)

    const { searchParams } = locationOf(res)
    expect(res.status).toBe(302)
    expect(searchParams.get('state')).toBe('state-2')
    expect(sandbox.state.codes.get(searchParams.get('code') ?? '')?.accountId).toBe('ben')
  })

  it('is still refused an unregistered redirect URI', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decide(sandbox, { allow: 'ada' }))

    const res = await openSignIn(sandbox, { redirect_uri: 'https://evil.example/' }, cookie)

    expect(res.status).toBe(400)
    expect(res.headers.get('location')).toBeNull()
  })

  it('is asked again when the consent was taken back', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decide(sandbox, { allow: 'ada' }))

    sandbox.control({ revokeConsent: 'ada' })

    expect((await openSignIn(sandbox, {}, cookie)).status).toBe(200)
  })

  it('is not signed in by a denial', async () => {
    const sandbox = await startSandbox()

    const res = await decide(sandbox, { deny: 'ada' })

    expect(res.headers.get('set-cookie')).toBeNull()
  })

  it('has a cookie that no script and no other site gets', async () => {
    const sandbox = await startSandbox()
    const secure = await startSandbox({ publicUrl: 'https://account.example' })

    const [plain, overTls] = await Promise.all(
      [sandbox, secure].map(async (one) =>
        (await decide(one, { allow: 'ada' })).headers.get('set-cookie'),
      ),
    )

    expect(plain).toMatch(/; Path=\/accounts; HttpOnly; SameSite=Lax$/)
    expect(overTls).toMatch(/; Path=\/accounts; HttpOnly; SameSite=Lax; Secure$/)
  })
})

describe('an authorization code', () => {
  it('cannot be guessed and is never made twice', async () => {
    const sandbox = await startSandbox()

    const codes = [await consent(sandbox), await consent(sandbox)]

    expect(new Set(codes).size).toBe(2)
    for (const code of codes) expect(Buffer.from(code, 'base64url')).toHaveLength(24)
  })

  it('was made for the administrator who allowed', async () => {
    const sandbox = await startSandbox()

    const res = await exchange(sandbox, await consent(sandbox, 'ben'))

    expect(await res.json()).toMatchObject({ inputEmailID: 'ben@marlow.example' })
  })
})
