import {
  asFields,
  readCode,
  readCodes,
  readJsonObject,
  readMessage,
} from '../outbound/foreign-text.ts'
import type { UpstreamDetail } from '../shared/errors.ts'
import { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'

/** The header that carries a signed token (protocol.md 5.1). */
export const API_TOKEN_HEADER = 'x-knox-apitoken'

/** Writes the body of an access token request (protocol.md 3.2). */
export function accessTokenRequestBody(request: {
  readonly publicKey: string
  readonly clientIdentifierJwt: string
  /** Absent: not sent, and Samsung's default of 30 applies. */
  readonly validityMinutes?: number | undefined
}): string {
  return JSON.stringify({
    base64EncodedStringPublicKey: request.publicKey,
    clientIdentifierJwt: request.clientIdentifierJwt,
    // Left out by JSON when undefined.
    validityForAccessTokenInMinutes: request.validityMinutes,
  })
}

/** Reads `{"accessToken": "…"}`; `null` when the body is anything else. */
export function readAccessToken(body: string): Secret | null {
  const token = readJsonObject(body)?.get('accessToken')
  return typeof token === 'string' && token !== '' ? new Secret(token) : null
}

/**
 * Reads `exp` (RFC 7519 §4.1.4) out of an access token without verifying it: a hint, for Samsung signs
 * it with a key of its own.
 *
 * @returns A time by Samsung's clock; `null` when the token is no JWT with a sensible `exp`.
 */
export function readTokenExpiry(token: Secret): EpochMs | null {
  const payload = token.reveal().split('.')[1] ?? ''
  const exp = readJsonObject(Buffer.from(payload, 'base64url').toString())?.get('exp')
  return typeof exp === 'number' && exp > 0 && exp < MAX_EXP_SECONDS ? exp * 1000 : null
}

/** The year 9999, the last one RFC 3339 can write. */
const MAX_EXP_SECONDS = 253_402_300_800

/** What Knox said, with every code it named. */
export type KnoxErrorDetail = UpstreamDetail & { readonly codes: readonly string[] }

/**
 * Reads an error body: `code` and `message` as number, string or array, or inside `error` as Knox
 * Guard sends them (protocol.md 3.6, 5.4). `data` is left alone, as it may quote what we sent.
 */
export function readKnoxError(status: number, body: string): KnoxErrorDetail {
  const outer = readJsonObject(body) ?? new Map<string, unknown>()
  const inner = asFields(outer.get('error')) ?? outer
  const codes = readCodes(inner.get('code'))
  const message = readMessage([inner.get('message')].flat()[0])
  const errorId = readCode(outer.get('errorId') ?? inner.get('errorId'))
  return {
    service: 'knox',
    status,
    codes,
    ...(codes[0] === undefined ? {} : { code: codes[0] }),
    ...(message === undefined ? {} : { message }),
    ...(errorId === undefined ? {} : { errorId }),
  }
}
