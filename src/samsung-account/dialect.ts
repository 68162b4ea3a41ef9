import { readJsonObject } from '../outbound/foreign-text.ts'
import type { OutboundResponse } from '../outbound/outbound.ts'
import { Secret } from '../shared/secret.ts'
import type { ReceivedTokens } from './tokens.ts'

/** Largest token response that is read, in characters. */
const TOKEN_RESPONSE_LIMIT = 64 * 1024
/** Life of an access token whose response names none: that of Samsung's example (protocol.md 2.5). */
const ASSUMED_LIFETIME_SECONDS = 3600
/** Ten years. What is beyond is a mistake, and could not be written as a date. */
const MAX_LIFETIME_SECONDS = 315_360_000

/** A success response in Samsung's dialect, and the same in the words of RFC 6749 §5.1. */
export interface TokenResponse {
  readonly tokens: ReceivedTokens
  /** What the OAuth library is given to validate. Never holds an `id_token`: none is asked for. */
  readonly standard: Readonly<Record<string, string | number>>
}

/**
 * Reads a success response of Samsung Account, which may hold the refresh token `-1`, numbers as
 * strings, and no `token_type` (protocol.md 2.5).
 *
 * @returns `null` when the response is no 2xx or holds no access token.
 */
export function readTokenResponse(response: OutboundResponse): TokenResponse | null {
  if (response.status >= 300 || response.body.length > TOKEN_RESPONSE_LIMIT) return null
  const fields = readJsonObject(response.body)
  const accessToken = fields === null ? undefined : readToken(fields.get('access_token'))
  if (fields === null || accessToken === undefined) return null
  const refreshToken = readToken(fields.get('refresh_token'))
  const lifetime = accessLifetimeSeconds(fields)
  return {
    tokens: readTokens(fields, response, { accessToken, refreshToken, lifetime }),
    standard: {
      access_token: accessToken,
      token_type: readText(fields.get('token_type'), 40) ?? 'Bearer',
      expires_in: lifetime,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    },
  }
}

interface Essentials {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Seconds. */
  readonly lifetime: number
}

function readTokens(
  fields: ReadonlyMap<string, unknown>,
  { requestedAt, receivedAt }: OutboundResponse,
  { accessToken, refreshToken, lifetime }: Essentials,
): ReceivedTokens {
  const refreshLifetime = readLifetimeSeconds(fields.get('refresh_token_expires_in'))
  const userId = readText(fields.get('userId'), 256)
  const email = readText(fields.get('inputEmailID'), 320)
  return {
    accessToken: new Secret(accessToken),
    ...(refreshToken === undefined ? {} : { refreshToken: new Secret(refreshToken) }),
    accessExpiresAt: requestedAt + lifetime * 1000,
    ...(refreshToken === undefined || refreshLifetime === undefined
      ? {}
      : { refreshExpiresAt: requestedAt + refreshLifetime * 1000 }),
    ...(userId === undefined ? {} : { userId }),
    ...(email === undefined ? {} : { email }),
    receivedAt,
  }
}

/** The shorter one when both fields name a life. */
function accessLifetimeSeconds(fields: ReadonlyMap<string, unknown>): number {
  const given = ['access_token_expires_in', 'expires_in'].flatMap(
    (name) => readLifetimeSeconds(fields.get(name)) ?? [],
  )
  return given.length === 0 ? ASSUMED_LIFETIME_SECONDS : Math.min(...given)
}

/** One second or more, also written as text; whole seconds, at most ten years. */
function readLifetimeSeconds(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^\d{1,15}(?:\.\d+)?$/.test(value)
  const seconds = isText ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds >= 1)) return undefined
  return Math.min(Math.floor(seconds), MAX_LIFETIME_SECONDS)
}

/** A token is text; `-1` stands for "none", also as text. */
const readToken = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' && value !== '-1' ? value : undefined

/** Short printable text, or a number as text. */
function readText(value: unknown, maxCharacters: number): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > maxCharacters) return undefined
  return /^[^\p{C}]+$/u.test(text) ? text : undefined
}
