import type { OutboundError, OutboundResponse } from '../outbound/outbound.ts'
import { wordFor } from '../outbound/reason-word.ts'
import { readRetryAfterSeconds } from '../outbound/retry-after.ts'
import { KnoxError, type KnoxFailureKind } from './kind.ts'
import { readKnoxError } from './wire.ts'

/** `mint` asks for a token; `verify` uses one. The same code can mean something else. */
export type KnoxOperation = 'mint' | 'verify'

/** A used `jti`: answered inside `mint` with a new one. */
export const NON_UNIQUE_JTI = '4002250'

/** Something is expired or invalid: an old token, or a fresh one by a clock that differs from ours. */
const EXPIRED = ['403225*', '4030000'] as const

/** The key is restricted to other addresses or referers: no other key or Client Identifier would help. */
const RESTRICTED = '404225*'

/** A Samsung code, or the beginning of one followed by `*`, and what it means (protocol.md 3.6). */
const TABLE: readonly (readonly [
  pattern: string,
  mint: KnoxFailureKind,
  verify: KnoxFailureKind,
])[] = [
  // The Samsung Account token or its application is not accepted.
  ['4010011', 'idp_token', 'idp_token'],
  // Knox token expired or invalid. Where none was sent, and after a fresh one, it is the clock.
  ...EXPIRED.map((pattern) => [pattern, 'operator', 'knox_token'] as const),
  // JWT badly made, claim missing, validity out of range, parameter invalid.
  ['40122050', 'operator', 'operator'],
  ['4012250', 'operator', 'operator'],
  ['4012251', 'operator', 'operator'],
  ['4010050', 'operator', 'operator'],
  ['4002251', 'operator', 'operator'],
  ['4000000', 'operator', 'operator'],
  [RESTRICTED, 'operator', 'operator'],
]

/**
 * Says what an answer of Knox means that did not bring what was asked for.
 *
 * | answer | kind, reason |
 * |---|---|
 * | 429 | transient, rate_limited, with `Retry-After` |
 * | 5xx | transient, unavailable, with `Retry-After` |
 * | a code of `TABLE`, the earliest row winning | as in the table, refused |
 * | a code of `trustErrorCodes` | trust, refused |
 * | any other 4xx | unknown, refused |
 * | any other 2xx, which then holds no token | transient, malformed |
 */
export function knoxRefusal(
  operation: KnoxOperation,
  response: OutboundResponse,
  trustErrorCodes: readonly string[],
): KnoxError {
  const { codes, ...upstream } = readKnoxError(response.status, response.body)
  const { status } = response
  if (status === 429 || status >= 500) {
    const reason = status === 429 ? 'rate_limited' : 'unavailable'
    return new KnoxError('transient', reason, upstream, readRetryAfterSeconds(response))
  }
  const kind = kindOf(operation, codes, trustErrorCodes)
  return status < 400 && kind === 'unknown'
    ? new KnoxError('transient', 'malformed', upstream)
    : new KnoxError(kind, 'refused', upstream)
}

function kindOf(
  operation: KnoxOperation,
  codes: readonly string[],
  trustErrorCodes: readonly string[],
): KnoxFailureKind {
  const row = TABLE.find(([pattern]) => codes.some((code) => matches(pattern, code)))
  if (row !== undefined) return operation === 'mint' ? row[1] : row[2]
  return codes.some((code) => trustErrorCodes.includes(code)) ? 'trust' : 'unknown'
}

const matches = (pattern: string, code: string): boolean =>
  pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern

/**
 * Whether a refused call of a product is about the credential, so that a fresh one may help: expired or
 * invalid, a `jti` that was used, or a 401 that gives no code at all. A product's own codes for lacking
 * rights (4010000, 40300000 and the like) are not (protocol.md 3.6, 5.3).
 *
 * @param body - Null: it could not be read.
 */
export function refusesCredential(status: number, body: string | null): boolean {
  if (body === null) return false
  const { codes } = readKnoxError(status, body)
  if (codes.length === 0) return status === 401
  const meant = [...EXPIRED, NON_UNIQUE_JTI]
  return codes.some((code) => meant.some((pattern) => matches(pattern, code)))
}

/** Whether our clock and Knox's may differ, going by a refusal. */
export const mayBlameClock = ({ reason, upstream: { code = '' } }: KnoxError): boolean =>
  reason === 'refused' && EXPIRED.some((pattern) => matches(pattern, code))

/**
 * Whether a failure may be meant for the key or the Client Identifier that was used. Samsung documents no
 * code for either alone, so every refusal of ours counts that can have such a cause.
 */
export const mayBlameCredentials = (error: unknown): error is KnoxError =>
  error instanceof KnoxError &&
  error.kind === 'operator' &&
  error.reason === 'refused' &&
  !matches(RESTRICTED, error.upstream.code ?? '')

/** Whether a failure shows that the credentials were accepted: Knox looks at trust after it has looked at us. */
export const provesCredentials = (error: unknown): boolean =>
  error instanceof KnoxError && error.kind === 'trust'

/** Says what no answer means: always transient, because neither operation spends anything. */
export const knoxSilence = ({ reason }: OutboundError): KnoxError =>
  new KnoxError('transient', wordFor(reason), { service: 'knox' })
