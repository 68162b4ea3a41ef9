import type { Context } from '../context.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { type Incoming, json, type Reply } from '../http/exchange.ts'
import { fingerprint } from '../record.ts'
import { type AccessTokenRequest, readAccessTokenRequest } from './access-token-request.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import { authorizeIdpToken } from './idp-token.ts'
import { spendJti } from './jti.ts'
import { badlyMade, checkHeader, checkSignature, parseJwt } from './jwt.ts'
import { issueKcsToken } from './kcs-token.ts'
import { jwtFacts, knoxEndpoint } from './knox-endpoint.ts'
import { registeredKey } from './registered-key.ts'

/** Makes `accessTokenOAuth2`, where a Samsung Account token buys a Knox token (protocol.md 3.2). */
export const amsEndpoint = (ctx: Context): Endpoint =>
  knoxEndpoint(ctx, 'ams', {
    facts: ({ body }) => jwtFacts(/"clientIdentifierJwt"\s*:\s*"([^"]*)"/.exec(body)?.[1]),
    handle: (incoming) => exchange(ctx, incoming),
  })

function exchange(ctx: Context, incoming: Incoming): Reply {
  const request = readAccessTokenRequest(incoming)
  const claims = checkClientIdentifierJwt(ctx, request)
  spendJti(ctx, claims, request.clientIdentifierJwt)
  const idpToken = authorizeIdpToken(ctx, claims.all[ctx.registration.knox.idpTokenClaim])
  const accessToken = issueKcsToken(ctx, idpToken, request.validityMinutes)
  return json(200, { accessToken }, { issued: { kcsToken: fingerprint(accessToken) } })
}

function checkClientIdentifierJwt(ctx: Context, request: AccessTokenRequest): CheckedClaims {
  const { idpTokenClaim, clientIdentifier: registered } = ctx.registration.knox
  const clientIdentifier = ctx.state.settings.clientIdentifier ?? registered
  const key = registeredKey(ctx, request.publicKey)
  const jwt = parseJwt(request.clientIdentifierJwt)
  checkHeader(jwt)
  checkSignature(jwt, key)
  const claims = checkClaims(jwt, {
    allowed: ['clientIdentifier', 'publicKey', 'iat', 'exp', 'aud', 'jti', idpTokenClaim],
    publicKey: request.publicKey,
    now: ctx.now(),
    clockSkewSeconds: ctx.state.settings.clockSkewSeconds,
    expired: 'AUTHENTICATION_FAIL',
  })
  if (claims.all.clientIdentifier !== clientIdentifier) {
    throw badlyMade('claim clientIdentifier is not the registered one')
  }
  return claims
}
