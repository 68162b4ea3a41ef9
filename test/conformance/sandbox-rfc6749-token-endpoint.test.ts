import { describe, expect, it } from '@jest/globals'
import * as oauth from 'openid-client'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { decide, locationOf, obtainTokens } from '../unit/sandbox/support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from '../unit/sandbox/support/sandbox.ts'

/** A strict OAuth 2.0 client, set up by hand because Samsung publishes no discovery document. */
function clientOf(sandbox: Sandbox): oauth.Configuration {
  const { clientId, clientSecret } = sandbox.registration.client
  const server = {
    issuer: sandbox.localUrl,
    authorization_endpoint: `${sandbox.localUrl}/accounts/v1/SANDBOX/signInGate`,
    token_endpoint: `${sandbox.localUrl}/auth/oauth2/token`,
  }
  const client = new oauth.Configuration(
    server,
    clientId,
    undefined,
    oauth.ClientSecretPost(clientSecret),
  )
  oauth.allowInsecureRequests(client)
  return client
}

describe('the sandbox before a strict OAuth 2.0 client', () => {
  it('RFC 6749 §4.1: goes from the callback to tokens', async () => {
    const sandbox = await startSandbox()
    const callback = locationOf(await decide(sandbox, { allow: 'ada' }))

    const tokens = await oauth.authorizationCodeGrant(clientOf(sandbox), callback, {
      expectedState: 'state-1',
    })

    expect(callback.href).toContain(REDIRECT_URI)
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, userId: 'q7ada2k9xw' })
  })

  it('RFC 6749 §4.1.2.1: denies in a way the client understands', async () => {
    const sandbox = await startSandbox()
    const callback = locationOf(await decide(sandbox, { deny: 'ada' }))

    const grant = oauth.authorizationCodeGrant(clientOf(sandbox), callback, {
      expectedState: 'state-1',
    })

    await expect(grant).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('RFC 6749 §6: replaces the refresh token and refuses the old one', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: first } = await obtainTokens(sandbox)
    const client = clientOf(sandbox)

    const { refresh_token: second } = await oauth.refreshTokenGrant(client, first)

    expect(second).not.toBe(first)
    await expect(oauth.refreshTokenGrant(client, first)).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    })
  })

  it('RFC 6749 §5.2: names the wrong secret as the fault of the client', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainTokens(sandbox)
    const { client } = sandbox.registration
    const wrong = {
      ...sandbox,
      registration: { ...sandbox.registration, client: { ...client, clientSecret: 'wrong' } },
    }

    await expect(oauth.refreshTokenGrant(clientOf(wrong), token)).rejects.toMatchObject({
      error: 'invalid_client',
    })
  })
})
