import type { OutboundError } from '../outbound/outbound.ts'
import { wordFor } from '../outbound/reason-word.ts'
import type { TokenFailureKind } from './tokens.ts'

/** Which grant was refused: some codes speak of the code, some of the refresh token. */
export type Grant = 'authorization_code' | 'refresh_token'

/** A token request's answer without tokens, as `readRefusal` reads it. */
export interface TokenRefusal {
  readonly grant: Grant
  readonly status: number
  /** RFC 6749 §5.2 `error`. */
  readonly error?: string
  /** Samsung's own code: `AUT_…` or `LIC_…`. */
  readonly code?: string
}

export interface TokenVerdict {
  readonly kind: TokenFailureKind
  readonly reason: string
}

const OPERATOR: TokenVerdict = { kind: 'operator', reason: 'refused' }
const CUSTOMER: TokenVerdict = { kind: 'customer', reason: 'refused' }

type ByGrant = Readonly<Partial<Record<Grant, TokenVerdict>>>
const either = (verdict: TokenVerdict): ByGrant => ({
  authorization_code: verdict,
  refresh_token: verdict,
})

/**
 * Samsung's codes (protocol.md 2.8), by grant. A grant that is missing says: unknown.
 *
 * `AUT_1006`, `AUT_1015` and, for a code, `AUT_1806` blame the code. A browser brought it, so they
 * must not count against the operator: one forged callback would hold up a whole program.
 */
const BY_CODE: Readonly<Record<string, ByGrant>> = {
  // client_id: empty, length, pattern, unauthenticated.
  AUT_1001: either(OPERATOR),
  AUT_1010: either(OPERATOR),
  AUT_1024: either(OPERATOR),
  AUT_1785: either(OPERATOR),
  // client_secret: empty, length, incorrect.
  AUT_1002: either(OPERATOR),
  AUT_1011: either(OPERATOR),
  AUT_1702: either(OPERATOR),
  // grant_type: empty, length.
  AUT_1008: either(OPERATOR),
  AUT_1017: either(OPERATOR),
  // redirect_uri: pattern, length.
  AUT_1022: either(OPERATOR),
  AUT_1045: either(OPERATOR),
  // The code or token: empty, length, used or expired, of another client.
  AUT_1006: { authorization_code: CUSTOMER },
  AUT_1015: { authorization_code: CUSTOMER },
  AUT_1802: either(CUSTOMER),
  AUT_1806: { authorization_code: CUSTOMER, refresh_token: OPERATOR },
}

/** RFC 6749 §5.2, for both grants. */
const BY_ERROR: Readonly<Record<string, TokenVerdict>> = {
  invalid_grant: CUSTOMER,
  invalid_client: OPERATOR,
  unauthorized_client: OPERATOR,
  unsupported_grant_type: OPERATOR,
  invalid_request: OPERATOR,
  invalid_scope: OPERATOR,
}

/**
 * Says what a token request without tokens means. Nothing unknown is ever `customer`.
 *
 * | answer | verdict |
 * |---|---|
 * | 429 | transient, rate_limited |
 * | 5xx | ambiguous, unavailable: a gateway may speak for a server that did act |
 * | a code of `BY_CODE`, else an error of `BY_ERROR` | as in the table |
 * | another 4xx (403, 404, HTML) | transient, refused |
 * | anything else, a 200 without tokens among it | ambiguous, malformed |
 */
export function judgeRefusal({ grant, status, error, code }: TokenRefusal): TokenVerdict {
  if (status === 429) return { kind: 'transient', reason: 'rate_limited' }
  if (status >= 500) return { kind: 'ambiguous', reason: 'unavailable' }
  const known = lookUp(BY_CODE, code)?.[grant] ?? lookUp(BY_ERROR, error)
  if (known !== undefined) return known
  return status >= 400
    ? { kind: 'transient', reason: 'refused' }
    : { kind: 'ambiguous', reason: 'malformed' }
}

/** Says what a token request without any answer means: only what was never sent is harmless. */
export const judgeNoAnswer = ({ reason, sent }: OutboundError): TokenVerdict => ({
  kind: sent ? 'ambiguous' : 'not_sent',
  reason: wordFor(reason),
})

/** A name from outside must not reach the prototype. */
const lookUp = <T>(table: Readonly<Record<string, T>>, name: string | undefined): T | undefined =>
  name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
