import { ACCOUNTS } from '../accounts.ts'
import type { Context } from '../context.ts'
import type { Caller } from './callers.ts'
import { type CheckedClaims, checkClaims } from './claims.ts'
import { KnoxRefusal } from './errors.ts'
import { noteJti } from './jti.ts'
import { badlyMade, checkHeader, checkSignature, parseJwt } from './jwt.ts'
import { registeredKey } from './registered-key.ts'

const CLAIMS = ['accessToken', 'publicKey', 'iat', 'exp', 'aud', 'jti']

/**
 * Checks a signed access token and what it carries (protocol.md 5.1).
 *
 * @returns Who calls.
 * @throws KnoxRefusal
 */
export function identifySigned(ctx: Context, jwt: string): Caller {
  const claims = checkSignedAccessToken(ctx, jwt)
  const caller = findCaller(ctx, claims.all.accessToken)
  noteJti(ctx, claims, jwt)
  return caller
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

function findCaller({ state, now }: Context, value: unknown): Caller {
  if (typeof value !== 'string' || value === '') {
    throw new KnoxRefusal(
      'BAD_REQUEST_ACCESS_TOKEN_CLAIM_NOT_POPULATED',
      'claim accessToken is not populated',
    )
  }
  const consented = state.kcsTokens.get(value)
  const own = state.programTokens.get(value)
  const token = consented?.revoked === true ? undefined : (consented ?? own)
  if (token === undefined) {
    throw new KnoxRefusal('ACCESS_TOKEN_INVALID', 'the access token was not issued or was revoked')
  }
  if (token.expiresAt <= now()) {
    throw new KnoxRefusal('ACCESS_TOKEN_EXPIRED', 'the access token has expired')
  }
  if ('program' in token) return { kind: token.program }
  return { kind: 'portal', organisation: ACCOUNTS[token.accountId].organisation, needsTrust: true }
}
