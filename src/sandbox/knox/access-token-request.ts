import type { Incoming } from '../http/exchange.ts'
import { KnoxRefusal } from './errors.ts'

/** The body of `accessTokenOAuth2` (protocol.md 3.2). */
export interface AccessTokenRequest {
  readonly publicKey: string
  readonly clientIdentifierJwt: string
  readonly validityMinutes: number
}

const DEFAULT_MINUTES = 30

const FIELDS = [
  'base64EncodedStringPublicKey',
  'clientIdentifierJwt',
  'validityForAccessTokenInMinutes',
]

/** Reads the request body. @throws KnoxRefusal for the first rule that is broken */
export function readAccessTokenRequest(incoming: Incoming): AccessTokenRequest {
  if (incoming.contentType !== 'application/json') {
    throw invalid('the content type must be application/json')
  }
  const body = parseBody(incoming.body)
  if (!Object.keys(body).every((name) => FIELDS.includes(name))) {
    throw invalid(`the body may have these fields only: ${FIELDS.join(', ')}`)
  }
  return {
    publicKey: readText(body, 'base64EncodedStringPublicKey'),
    clientIdentifierJwt: readText(body, 'clientIdentifierJwt'),
    validityMinutes: readMinutes(body.validityForAccessTokenInMinutes),
  }
}

const invalid = (data: string): KnoxRefusal => new KnoxRefusal('RESOURCE_INVALID_PARAM', data)

function parseBody(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('the body must be a JSON object')
  }
  // Holds because it is an object and no array; nothing is known of its members.
  return value as Readonly<Record<string, unknown>>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('the body must be a JSON object')
  }
}

function readText(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '') throw invalid(`${name} must be a text`)
  return value
}

function readMinutes(value: unknown): number {
  if (value === undefined) return DEFAULT_MINUTES
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 30) {
    return value
  }
  throw new KnoxRefusal(
    'ACCESS_TOKEN_TIMEOUT_VALIDITY_RESOURCE_INVALID_PARAM',
    'validityForAccessTokenInMinutes must be a whole number from 1 to 30',
  )
}
