import { findKeyProblem } from '../http/json-keys.ts'
import type { EpochMs } from '../shared/time.ts'
import { type AssertionAlgorithm, isAssertionAlgorithm } from '../signing/public-jwk.ts'

/**
 * Why an assertion proves nothing. For the log and the trail only: whoever sends one gets the same
 * answer in every case.
 *
 * - `assertion_malformed`: too long, or not three parts of base64url, the first two with JSON objects.
 * - `assertion_header`: a member besides `alg`, `kid` and `typ`, or one of these with a wrong value.
 * - `assertion_algorithm`: one that is not accepted, or not that of the key.
 * - `assertion_claims`: a claim is missing, or of the wrong type.
 * - `assertion_audience`: not this service, or not this service alone.
 * - `assertion_lifetime`: from `iat` to `exp` it is more than five minutes, or nothing.
 * - `assertion_early`, `assertion_expired`: made for another time, or by another clock.
 * - `assertion_key`: `kid` is the id of no key that signs assertions.
 * - `assertion_issuer`: `iss` and `sub` are not the portal of the key.
 * - `assertion_signature`: not made with the key.
 * - `assertion_replayed`: its `jti` was used before.
 */
export const ASSERTION_FAULTS = [
  'assertion_malformed',
  'assertion_header',
  'assertion_algorithm',
  'assertion_claims',
  'assertion_audience',
  'assertion_lifetime',
  'assertion_early',
  'assertion_expired',
  'assertion_key',
  'assertion_issuer',
  'assertion_signature',
  'assertion_replayed',
] as const

export type AssertionFault = (typeof ASSERTION_FAULTS)[number]

/** What the header of an assertion names. */
export interface AssertionHeader {
  readonly alg: AssertionAlgorithm
  readonly kid: string
}

/** What an assertion says. Times in seconds since the epoch. */
export interface AssertionClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
}

/** With the longest keys that are permitted an assertion has some 2,000. */
export const MAX_ASSERTION_CHARS = 4096
/** From `iat` to `exp`, at most. */
export const MAX_LIFETIME_S = 300
/** How far the clock of a portal may be off, either way. */
export const CLOCK_TOLERANCE_S = 60

/** Nothing in an assertion needs more than one level; claims of the portal's own may have some. */
const MAX_DEPTH = 4
const MEMBERS = ['alg', 'kid', 'typ']
/** RFC 7519 §5.1, and what draft-ietf-oauth-rfc7523bis asks for; in any letters (RFC 7515 §4.1.9). */
const TYPE = /^(?:application\/)?(?:jwt|client-authentication\+jwt)$/i

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Takes a compact JWS (RFC 7515 §7.1) apart; null when it is none, or written in another way than one. */
export function splitAssertion(
  text: string,
): { readonly header: Buffer; readonly payload: Buffer } | null {
  if (text.length > MAX_ASSERTION_CHARS) return null
  const parts = text.split('.')
  const [header, payload, signature] = parts.map(decodeStrictly)
  if (parts.length !== 3 || !header || !payload || !signature) return null
  return { header, payload }
}

/**
 * Reads a header. What could bring a key or a meaning of its own (`jwk`, `jku`, `x5c`, `x5u`, `crit`,
 * `b64`, whatever is yet to be invented) is refused with everything else that is not needed.
 */
export function readHeader(bytes: Buffer): AssertionHeader | AssertionFault {
  const header = parseObject(bytes)
  if (header === null) return 'assertion_malformed'
  const { alg, kid, typ = 'JWT' } = header
  const isPlain = Object.keys(header).every((name) => MEMBERS.includes(name))
  const isTyped = typeof typ === 'string' && TYPE.test(typ)
  if (!isPlain || !isTyped || !isText(kid)) return 'assertion_header'
  return isAssertionAlgorithm(alg) ? { alg, kid } : 'assertion_algorithm'
}

/** Reads the claims (RFC 7523 §3); `iat` has to be there, so that the lifetime is the portal's own. */
export function readClaims(bytes: Buffer): AssertionClaims | AssertionFault {
  const claims = parseObject(bytes)
  if (claims === null) return 'assertion_malformed'
  const { iss, sub, aud, exp, iat, nbf = iat, jti } = claims
  if (!isText(iss) || !isText(sub) || !isText(jti)) return 'assertion_claims'
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) return 'assertion_claims'
  // A list, even of one, is refused: who is not alone in it could use the assertion here.
  return isText(aud) ? { iss, sub, aud, exp, iat, nbf, jti } : 'assertion_audience'
}

/** Whether an assertion is for this service, and for now. */
export function judgeClaims(
  { aud, exp, iat, nbf }: AssertionClaims,
  expected: { readonly audience: string; readonly now: EpochMs },
): AssertionFault | null {
  const now = expected.now / 1000
  if (aud !== expected.audience) return 'assertion_audience'
  if (exp <= iat || exp - iat > MAX_LIFETIME_S) return 'assertion_lifetime'
  if (Math.max(iat, nbf) > now + CLOCK_TOLERANCE_S) return 'assertion_early'
  return exp + CLOCK_TOLERANCE_S <= now ? 'assertion_expired' : null
}

/** The one way to write some bytes, and no other: no padding, no space, no bits left over (RFC 4648 §3.5). */
function decodeStrictly(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return part !== '' && bytes.toString('base64url') === part ? bytes : null
}

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    // A name that is there twice means one thing here and another elsewhere (RFC 7515 §4).
    return findKeyProblem(text, MAX_DEPTH) === null ? { ...value } : null
  } catch {
    return null
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 256

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
