import { ACCOUNTS, type OrganisationId } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Incoming } from '../http/exchange.ts'
import type { KcsToken } from '../state.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import { KnoxRefusal } from './errors.ts'
import { noteJti } from './jti.ts'
import { badlyMade, checkHeader, checkSignature, parseJwt } from './jwt.ts'
import { registeredKey } from './registered-key.ts'

const CLAIMS = ['accessToken', 'publicKey', 'iat', 'exp', 'aud', 'jti']

/**
 * Checks who calls a Knox API: the signed access token, what it carries, and trust (protocol.md 4
 * and 5.1).
 *
 * @returns The organisation whose data the caller may see.
 * @throws KnoxRefusal
 */
export function authorizeCall(ctx: Context, incoming: Incoming): OrganisationId {
  const jwt = incoming.header('x-knox-apitoken')
  if (jwt === undefined || jwt === '') throw badlyMade('header x-knox-apitoken is missing')
  const claims = checkSignedAccessToken(ctx, jwt)
  const { accountId } = findKcsToken(ctx, claims.all.accessToken)
  noteJti(ctx, claims, jwt)
  checkTenantHeader(incoming)
  const { organisation } = ACCOUNTS[accountId]
  checkTrust(ctx, organisation)
  return organisation
}

function checkSignedAccessToken(ctx: Context, token: string): CheckedClaims {
  const jwt = parseJwt(token)
  checkHeader(jwt)
  const { publicKey } = jwt.claims
  if (typeof publicKey !== 'string') throw badlyMade('claim publicKey is not populated')
  checkSignature(jwt, registeredKey(ctx, publicKey))
  return checkClaims(jwt, {
    allowed: CLAIMS,
    publicKey,
    now: ctx.now(),
    clockSkewSeconds: ctx.state.settings.clockSkewSeconds,
    expired: 'ACCESS_TOKEN_EXPIRED',
  })
}

function findKcsToken(ctx: Context, value: unknown): KcsToken {
  if (typeof value !== 'string' || value === '') {
    throw new KnoxRefusal(
      'BAD_REQUEST_ACCESS_TOKEN_CLAIM_NOT_POPULATED',
      'claim accessToken is not populated',
    )
  }
  const token = ctx.state.kcsTokens.get(value)
  if (token === undefined || token.revoked) {
    throw new KnoxRefusal('ACCESS_TOKEN_INVALID', 'the access token was not issued or was revoked')
  }
  if (token.expiresAt <= ctx.now()) {
    throw new KnoxRefusal('ACCESS_TOKEN_EXPIRED', 'the access token has expired')
  }
  return token
}

/** The header is for Managed Service Providers, and fails for everybody else (protocol.md 5.1). */
function checkTenantHeader(incoming: Incoming): void {
  if (incoming.header('x-wsm-managed-tenantid') !== undefined) {
    throw new KnoxRefusal('TENANT_MISMATCH', 'the customer is not managed by this portal')
  }
}

function checkTrust({ state }: Context, organisation: OrganisationId): void {
  if (!state.settings.trust[organisation]) {
    throw new KnoxRefusal('AUTHORIZATION_FAIL', 'the customer has not established trust')
  }
}
