import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json, type Reply } from '../http/exchange.ts'
import { fingerprint } from '../record.ts'
import { readAccessTokenRequest } from './access-token-request.ts'
import { checkClientIdentifierJwt, foreignClientIdentifier } from './client-identifier-jwt.ts'
import { authorizeIdpToken } from './idp-token.ts'
import { spendJti } from './jti.ts'
import { issueKcsToken } from './kcs-token.ts'
import { clientIdentifierFacts, knoxEndpoint } from './knox-endpoint.ts'

/** Makes `accessTokenOAuth2`, where a Samsung Account token buys a Knox token (protocol.md 3.2). */
export const amsEndpoint = (ctx: Context): Endpoint =>
  knoxEndpoint(ctx, 'ams', {
    facts: ({ body }) => clientIdentifierFacts(body),
    handle: (incoming) => exchange(ctx, incoming),
  })

function exchange(ctx: Context, incoming: Incoming): Reply {
  const { idpTokenClaim, clientIdentifier } = ctx.registration.knox
  const request = readAccessTokenRequest(incoming)
  const claims = checkClientIdentifierJwt(ctx, request, [idpTokenClaim])
  if (claims.all.clientIdentifier !== (ctx.state.settings.clientIdentifier ?? clientIdentifier)) {
    throw foreignClientIdentifier()
  }
  spendJti(ctx, claims, request.clientIdentifierJwt)
  const idpToken = authorizeIdpToken(ctx, claims.all[idpTokenClaim])
  const accessToken = issueKcsToken(ctx, idpToken, request.validityMinutes)
  return json(200, { accessToken }, { issued: { kcsToken: fingerprint(accessToken) } })
}
