import { describe, expect, it } from '@jest/globals'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { cookieOf, decide, encode, type Fields, openSignIn } from './support/samsung-account.ts'
import { startSandbox } from './support/sandbox.ts'

const BACK = 'https://gate.example/signed-out?from=samsung'

function openSignOut(sandbox: Sandbox, fields: Fields, cookie = ''): Promise<Response> {
  const query = encode({
    client_id: sandbox.registration.client.clientId,
    state: 'state-9',
    signOutURL: BACK,
    ...fields,
  })
  return fetch(`${sandbox.localUrl}/accounts/v1/SANDBOX/signOutGate?${query}`, {
    headers: { cookie },
    redirect: 'manual',
  })
}

describe('signOutGate', () => {
  it('signs the browser out and sends it back with the state', async () => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decide(sandbox, { allow: 'ada' }))

    const res = await openSignOut(sandbox, {}, cookie)

    expect(res.status).toBe(302)
    expect(res.headers.get('location')).toBe(`${BACK}&state=state-9`)
    expect(res.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await openSignIn(sandbox, {}, cookie)).status).toBe(200)
  })

  it('shows a page when there is nowhere to go back to', async () => {
    const sandbox = await startSandbox()

    const res = await openSignOut(sandbox, { signOutURL: undefined })

    expect(res.status).toBe(200)
    expect(await res.text()).toContain('Signed out')
  })

  it.each([
    ['another origin', { signOutURL: 'https://evil.example/' }],
    ['something that is no URL', { signOutURL: '//evil.example' }],
    ['two addresses', { signOutURL: [BACK, 'https://evil.example/'] }],
    ['an unknown client', { client_id: 'another' }],
    ['no state', { state: undefined }],
  ])('refuses %s, and leaves the browser signed in', async (_name, fields) => {
    const sandbox = await startSandbox()
    const cookie = cookieOf(await decide(sandbox, { allow: 'ada' }))

    const res = await openSignOut(sandbox, fields, cookie)

    expect(res.status).toBe(400)
    expect(res.headers.get('location')).toBeNull()
    expect((await openSignIn(sandbox, {}, cookie)).status).toBe(302)
  })
})
