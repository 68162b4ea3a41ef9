import { describe, expect, it } from '@jest/globals'
import * as oauth from 'openid-client'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import {
  decideAuthorize,
  oauthConsent,
  obtainOauthTokens,
  VERIFIER,
} from '../unit/sandbox/support/knox-oauth.ts'
import { locationOf } from '../unit/sandbox/support/samsung-account.ts'
import { REDIRECT_URI, startSandbox } from '../unit/sandbox/support/sandbox.ts'

/** A strict OAuth 2.0 client, set up by hand because Samsung publishes no discovery document. */
function clientOf(sandbox: Sandbox, name: 'portal' | 'msp' = 'portal'): oauth.Configuration {
  const { clientId, clientSecret } = sandbox.registration.oauth[name]
  const base = `${sandbox.localUrl}/ams/v1/oauth2`
  const server = {
    issuer: sandbox.localUrl,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    revocation_endpoint: `${base}/revoke`,
  }
  const secret = oauth.ClientSecretPost(clientSecret)
  const client = new oauth.Configuration(server, clientId, undefined, secret)
  oauth.allowInsecureRequests(client)
  return client
}

describe('Knox OAuth 2.0 of the sandbox before a strict client', () => {
  it('RFC 6749 §4.1, RFC 7636: goes from an authorization request to tokens', async () => {
    const sandbox = await startSandbox()
    const client = clientOf(sandbox)
    const url = oauth.buildAuthorizationUrl(client, {
      redirect_uri: REDIRECT_URI,
      scope: 'kme',
      state: 'state-2',
      code_challenge: await oauth.calculatePKCECodeChallenge(VERIFIER),
      code_challenge_method: 'S256',
    })
    expect((await fetch(url)).status).toBe(200)
    const fields = { ...Object.fromEntries(url.searchParams), allow: 'ada' }
    const callback = locationOf(await decideAuthorize(sandbox, fields))

    const tokens = await oauth.authorizationCodeGrant(client, callback, {
      expectedState: 'state-2',
      pkceCodeVerifier: VERIFIER,
    })

    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 599, scope: 'kme' })
  })

  it('RFC 6749 §4.1.2.1: denies in a way the client understands', async () => {
    const sandbox = await startSandbox()
    const callback = locationOf(await decideAuthorize(sandbox, { deny: 'ada' }))

    const grant = oauth.authorizationCodeGrant(clientOf(sandbox), callback, {
      expectedState: 'state-1',
      pkceCodeVerifier: VERIFIER,
    })

    await expect(grant).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('RFC 7636 §4.6: refuses a verifier that is not that of the request', async () => {
    const sandbox = await startSandbox()
    const callback = new URL(REDIRECT_URI)
    callback.searchParams.set('code', await oauthConsent(sandbox))
    callback.searchParams.set('state', 'state-1')

    const grant = oauth.authorizationCodeGrant(clientOf(sandbox), callback, {
      expectedState: 'state-1',
      pkceCodeVerifier: 'w'.repeat(43),
    })

    await expect(grant).rejects.toMatchObject({ error: 'invalid_grant', status: 400 })
  })

  it('RFC 6749 §6: replaces the refresh token and refuses the old one', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: first } = await obtainOauthTokens(sandbox)
    const client = clientOf(sandbox)

    const { refresh_token: second } = await oauth.refreshTokenGrant(client, first)

    expect(second).not.toBe(first)
    await expect(oauth.refreshTokenGrant(client, first)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('RFC 6749 §4.4: gives an MSP a token by client credentials, without a refresh token', async () => {
    const sandbox = await startSandbox()

    const tokens = await oauth.clientCredentialsGrant(clientOf(sandbox, 'msp'), {
      scope: 'kme msp',
    })

    expect(tokens).toMatchObject({ scope: 'kme msp', expires_in: 599 })
    expect(tokens.refresh_token).toBeUndefined()
  })

  it('RFC 7009: revokes', async () => {
    const sandbox = await startSandbox()
    const { refresh_token: token } = await obtainOauthTokens(sandbox)
    const client = clientOf(sandbox)

    await oauth.tokenRevocation(client, token)

    await expect(oauth.refreshTokenGrant(client, token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})
