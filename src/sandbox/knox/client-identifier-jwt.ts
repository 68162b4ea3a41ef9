import type { Context } from '../context.ts'
import type { AccessTokenRequest } from './access-token-request.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import { badlyMade, checkHeader, checkSignature, parseJwt } from './jwt.ts'
import { registeredKey } from './registered-key.ts'

const CLAIMS = ['clientIdentifier', 'publicKey', 'iat', 'exp', 'aud', 'jti']

/**
 * Checks everything about a Client Identifier JWT but whose Client Identifier it carries
 * (protocol.md 3.3).
 *
 * @param more - Names of claims that it may have besides.
 * @throws KnoxRefusal
 */
export function checkClientIdentifierJwt(
  ctx: Context,
  request: AccessTokenRequest,
  more: readonly string[] = [],
): CheckedClaims {
  const key = registeredKey(ctx, request.publicKey)
  const jwt = parseJwt(request.clientIdentifierJwt)
  checkHeader(jwt)
  checkSignature(jwt, key)
  return checkClaims(jwt, {
    allowed: [...CLAIMS, ...more],
    publicKey: request.publicKey,
    now: ctx.now(),
    clockSkewSeconds: ctx.state.settings.clockSkewSeconds,
    expired: 'AUTHENTICATION_FAIL',
  })
}

/** A Client Identifier that is nobody's, or not one for this endpoint. */
export const foreignClientIdentifier = () =>
  badlyMade('claim clientIdentifier is not the registered one')
