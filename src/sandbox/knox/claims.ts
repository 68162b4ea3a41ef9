import type { EpochMs } from '../state.ts'
import { type KnoxErrorName, KnoxRefusal } from './errors.ts'
import { badlyMade, type ParsedJwt } from './jwt.ts'

/** What the claims of one kind of JWT are held against. */
export interface ClaimRules {
  /** The claims there may be; not all of them must be. */
  readonly allowed: readonly string[]
  /** The public key as the request named it. */
  readonly publicKey: string
  readonly now: EpochMs
  readonly clockSkewSeconds: number
  /** What the endpoint answers when `exp` is past. */
  readonly expired: KnoxErrorName
}

/** Claims that were checked; what the JWT is about is still to be judged. */
export interface CheckedClaims {
  readonly jti: string
  readonly all: Readonly<Record<string, unknown>>
}

const MAX_LIFETIME_SECONDS = 30 * 60

/** Two UUIDs of version 1 or 4, joined without a separator (protocol.md 3.3). */
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const DOUBLE_UUID = new RegExp(`^${UUID}${UUID}$`, 'i')

/** Checks the claims that every signed JWT has (protocol.md 3.3). @throws KnoxRefusal */
export function checkClaims({ claims }: ParsedJwt, rules: ClaimRules): CheckedClaims {
  checkNames(claims, rules.allowed)
  if (claims.publicKey !== rules.publicKey) {
    throw badlyMade('claim publicKey must be the public key of the request')
  }
  if (claims.aud !== 'KnoxWSM') throw badlyMade('claim aud must be KnoxWSM')
  checkTimes(claims, rules)
  return { jti: checkJti(claims.jti), all: claims }
}

/** The sandbox knows every claim that should be there, so any other one is a mistake. */
function checkNames(claims: ParsedJwt['claims'], allowed: readonly string[]): void {
  if (!Object.keys(claims).every((name) => allowed.includes(name))) {
    throw badlyMade(`the JWT may have these claims only: ${allowed.join(', ')}`)
  }
}

/** KBA 1242: a portal's wrong clock is answered with AUTHENTICATION_FAIL (protocol.md 3.3). */
function checkTimes({ iat, exp }: ParsedJwt['claims'], rules: ClaimRules): void {
  if (!isSeconds(iat)) throw badlyMade('claim iat must be a whole number of seconds')
  if (!isSeconds(exp)) throw badlyMade('claim exp must be a whole number of seconds')
  if (iat * 1000 > rules.now + rules.clockSkewSeconds * 1000) {
    throw new KnoxRefusal('AUTHENTICATION_FAIL', 'claim iat lies in the future')
  }
  if (exp * 1000 <= rules.now) {
    throw new KnoxRefusal(rules.expired, 'Failed to parse jwt token: access token has expired')
  }
  if (exp <= iat || exp - iat > MAX_LIFETIME_SECONDS) {
    throw badlyMade('claim exp must be at most 30 minutes after iat')
  }
}

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value)

function checkJti(jti: unknown): string {
  if (typeof jti !== 'string') throw badlyMade('claim jti is not populated')
  if (!DOUBLE_UUID.test(jti)) throw badlyMade('claim jti must be two UUIDs without separator')
  return jti
}
