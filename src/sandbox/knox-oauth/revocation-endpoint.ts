import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Incoming, Reply } from '../http/exchange.ts'
import { fingerprint, type RequestFacts } from '../record.ts'
import { authenticateRequest } from './client-authentication.ts'
import { OauthRefusal, readParameter } from './errors.ts'
import { revokeGrant } from './grants.ts'
import { oauthEndpoint } from './oauth-endpoint.ts'

/**
 * Makes the revocation endpoint (protocol.md 7.4, RFC 7009). A refresh token takes its grant with
 * it, an access token goes alone; both at once. An unknown token is as good as revoked (§2.2).
 */
export const revocationEndpoint = (ctx: Context): Endpoint =>
  oauthEndpoint('oauth_revoke', {
    facts: ({ body }) => revocationFacts(body),
    handle: (incoming) => revoke(ctx, incoming),
  })

function revocationFacts(body: string): RequestFacts {
  const token = new URLSearchParams(body).get('token')
  return token === null ? {} : { presented: fingerprint(token) }
}

function revoke(ctx: Context, incoming: Incoming): Reply {
  const { oauth } = ctx.state
  const { name, form } = authenticateRequest(ctx, incoming)
  const value = readParameter(form, 'token')
  const access = oauth.accessTokens.get(value)
  const refresh = oauth.refreshTokens.get(value)
  const grantId = access?.grantId ?? refresh?.grantId
  if (grantId === undefined) return { status: 200, headers: {}, body: '' }
  if (oauth.grants.get(grantId)?.client !== name) {
    throw new OauthRefusal('unauthorized_client', 'the token belongs to another client')
  }
  if (access !== undefined) oauth.accessTokens.set(value, { ...access, revoked: true })
  else revokeGrant(ctx, grantId, 'request')
  return { status: 200, headers: {}, body: '', family: grantId }
}
