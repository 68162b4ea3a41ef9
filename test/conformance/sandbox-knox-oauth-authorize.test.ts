import { describe, expect, it } from '@jest/globals'
import {
  challengeOf,
  decideAuthorize,
  exchangeCode,
  openAuthorize,
  tokensOf,
} from '../unit/sandbox/support/knox-oauth.ts'
import { cookieOf, locationOf } from '../unit/sandbox/support/samsung-account.ts'
import { startSandbox } from '../unit/sandbox/support/sandbox.ts'

describe('authorize', () => {
  it('shows who can sign in and what is asked for', async () => {
    const sandbox = await startSandbox()

    const res = await openAuthorize(sandbox)

    expect(res.status).toBe(200)
    const text = await res.text()
    expect(text).toContain('Sandbox — not Samsung')
    expect(text).toContain('<code>kme openid</code>')
    expect(text).toContain('Ada Lindqvist')
  })

  it('goes back with a code and the state, and nothing else', async () => {
    const sandbox = await startSandbox()

    const back = locationOf(await decideAuthorize(sandbox, { allow: 'ben' }))

    expect([...back.searchParams.keys()]).toEqual(['code', 'state'])
    expect(back.searchParams.get('state')).toBe('state-1')
    expect(sandbox.record()).toMatchObject({
      issued: { oauthCodes: 1, codes: 0 },
      requests: [{ on: 'authorize', outcome: 'accepted' }],
    })
  })

  it('goes back with access_denied, the state and no code when the administrator says no', async () => {
    const sandbox = await startSandbox()

    const back = locationOf(await decideAuthorize(sandbox, { deny: 'ada' }))

    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.get('state')).toBe('state-1')
    expect(back.searchParams.has('code')).toBe(false)
  })

  it('goes straight back for scopes that were allowed, and asks for others', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decideAuthorize(sandbox, { allow: 'ada' }))

    const silent = await openAuthorize(sandbox, { scope: 'kme', state: 'state-2' }, cookie)
    const asking = await openAuthorize(sandbox, { scope: 'kme kc' }, cookie)

    expect(silent.status).toBe(302)
    expect(locationOf(silent).searchParams.get('state')).toBe('state-2')
    expect(asking.status).toBe(200)
  })

  it('asks again after the consent was taken back', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decideAuthorize(sandbox, { allow: 'ada' }))
    sandbox.control({ revokeConsent: 'ada' })

    expect((await openAuthorize(sandbox, {}, cookie)).status).toBe(200)
  })

  it.each([
    ['an unknown client', { client_id: 'kx00' }],
    ['no client', { client_id: undefined }],
    ['another redirect URI', { redirect_uri: 'https://gate.example/callback/other' }],
    ['two redirect URIs', { redirect_uri: ['https://a.example/', 'https://b.example/'] }],
    ['no state', { state: undefined }],
    ['two states', { state: ['a', 'b'] }],
    ['the client secret', { client_secret: 'any' }],
  ])('shows a page and redirects nowhere with %s', async (_name, fields) => {
    const sandbox = await startSandbox()

    for (const res of [
      await openAuthorize(sandbox, fields),
      await decideAuthorize(sandbox, { ...fields, allow: 'ada' }),
    ]) {
      expect(res.status).toBe(400)
      expect(res.headers.get('location')).toBeNull()
    }
  })

  it('has no page for an app that is registered for client credentials', async () => {
    const sandbox = await startSandbox()

    const res = await openAuthorize(sandbox, {
      client_id: sandbox.registration.oauth.msp.clientId,
    })

    expect(res.status).toBe(400)
  })

  it.each([
    ['CODE', { response_type: 'CODE' }, 'unsupported_response_type'],
    ['token', { response_type: 'token' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['no challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a short challenge', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
    ['a long challenge', { code_challenge: 'x'.repeat(44) }, 'invalid_request'],
    ['a padded challenge', { code_challenge: `${'x'.repeat(42)}=` }, 'invalid_request'],
    ['two challenges', { code_challenge: [challengeOf('a'), challengeOf('b')] }, 'invalid_request'],
    ['method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['no scope', { scope: undefined }, 'invalid_request'],
    ['a scope of others', { scope: 'kme msp' }, 'invalid_scope'],
    ['a scope that only looks alike', { scope: 'kmex' }, 'invalid_scope'],
  ])('takes %s back to the portal as an error', async (_name, fields, error) => {
    const sandbox = await startSandbox()

    const back = locationOf(await openAuthorize(sandbox, fields))

    expect(back.searchParams.get('error')).toBe(error)
    expect(back.searchParams.get('state')).toBe('state-1')
    expect(sandbox.record().requests).toMatchObject([{ outcome: 'refused', code: error }])
  })

  it.each(['kme.devices:view', 'kme.profiles', 'kme:manage'])(
    'takes %s, which is narrower than what the app is registered for',
    async (scope) => {
      const sandbox = await startSandbox()
      expect((await openAuthorize(sandbox, { scope })).status).toBe(200)
    },
  )

  it('grants less than was asked for when it is set to, and the tokens say so', async () => {
    const sandbox = await startSandbox()
    sandbox.control({ oauthGrantedScope: 'kme' })
    const back = locationOf(await decideAuthorize(sandbox, { allow: 'ada' }))

    const tokens = await tokensOf(await exchangeCode(sandbox, back.searchParams.get('code') ?? ''))

    expect(tokens.scope).toBe('kme')
  })
})
