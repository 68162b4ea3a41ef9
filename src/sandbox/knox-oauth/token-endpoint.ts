import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json, type Reply } from '../http/exchange.ts'
import { fingerprint, type RequestFacts } from '../record.ts'
import { grantableScope } from './authorize-request.ts'
import { type AuthenticatedRequest, authenticateRequest } from './client-authentication.ts'
import { OauthRefusal, readOptional, readParameter } from './errors.ts'
import { spendOauthCode, startGrant } from './grants.ts'
import { oauthEndpoint } from './oauth-endpoint.ts'
import {
  issueAccessToken,
  issueRefreshToken,
  noteOauthPresentation,
  spendRefreshToken,
} from './tokens.ts'

/** Makes the token endpoint of Knox OAuth 2.0 (protocol.md 7.3). */
export const oauthTokenEndpoint = (ctx: Context): Endpoint =>
  oauthEndpoint('oauth_token', {
    facts: (incoming) => tokenFacts(ctx, incoming),
    handle: (incoming) => grantTokens(ctx, authenticateRequest(ctx, incoming)),
  })

function tokenFacts(ctx: Context, { body }: Incoming): RequestFacts {
  const form = new URLSearchParams(body)
  const grantType = form.get('grant_type')
  const refreshing = grantType === 'refresh_token'
  const presented = form.get(refreshing ? 'refresh_token' : 'code')
  return {
    ...(grantType === null ? {} : { grantType: grantType.slice(0, 64) }),
    ...(presented === null ? {} : { presented: fingerprint(presented) }),
    ...(presented === null || !refreshing ? {} : noteOauthPresentation(ctx, presented)),
  }
}

function grantTokens(ctx: Context, request: AuthenticatedRequest): Reply {
  const { name, client, form } = request
  const grantType = readParameter(form, 'grant_type')
  if (!/^(authorization_code|refresh_token|client_credentials)$/.test(grantType)) {
    throw new OauthRefusal('unsupported_grant_type', 'grant_type is not supported')
  }
  if (!client.grantTypes.some((one) => one === grantType)) {
    throw new OauthRefusal('unauthorized_client', 'the client is not registered for this grant')
  }
  if (grantType === 'client_credentials') return grantToClient(ctx, request)
  const grantId =
    grantType === 'refresh_token'
      ? spendRefreshToken(ctx, name, readParameter(form, 'refresh_token'))
      : spendOauthCode(ctx, {
          client: name,
          code: readParameter(form, 'code'),
          redirectUri: readParameter(form, 'redirect_uri'),
          codeVerifier: readParameter(form, 'code_verifier'),
        })
  const lifetime = ctx.state.settings.oauthAccessTokenLifetimeSeconds
  return answer(ctx, grantId, lifetime, issueRefreshToken(ctx, grantId))
}

/** There is no refresh token: the client asks again. */
function grantToClient(ctx: Context, { name, client, form }: AuthenticatedRequest): Reply {
  const scope = grantableScope(ctx, client.clientId, readParameter(form, 'scope'))
  const lifetime = readLifetime(ctx, form)
  return answer(ctx, startGrant(ctx, { client: name, accountId: null, scope }), lifetime, null)
}

/** An hour at most (protocol.md 7.3); that seconds are meant, and the minimum, is assumed. */
function readLifetime(ctx: Context, form: URLSearchParams): number {
  const text = readOptional(form, 'expires_in')
  if (text === undefined) return ctx.state.settings.oauthAccessTokenLifetimeSeconds
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (seconds < 60 || seconds > 3_600) {
    throw new OauthRefusal('invalid_request', 'expires_in must be 60 to 3600 seconds')
  }
  return seconds
}

function answer(
  ctx: Context,
  grantId: string,
  lifetime: number,
  refreshToken: string | null,
): Reply {
  const accessToken = issueAccessToken(ctx, grantId, lifetime)
  const body = {
    access_token: accessToken,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    scope: ctx.state.oauth.grants.get(grantId)?.scope,
    token_type: 'Bearer',
    // Samsung's example says 599 for ten minutes.
    expires_in: Math.max(1, lifetime - 1),
  }
  const issued = { accessToken: fingerprint(accessToken) }
  if (refreshToken === null) return json(200, body, { family: grantId, issued })
  return json(200, body, {
    family: grantId,
    issued: { ...issued, refreshToken: fingerprint(refreshToken) },
    onDelivery(delivery) {
      const { refreshTokens } = ctx.state.oauth
      const known = refreshTokens.get(refreshToken)
      if (known !== undefined) refreshTokens.set(refreshToken, { ...known, delivery })
    },
  })
}
