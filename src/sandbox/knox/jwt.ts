import { type KeyObject, verify } from 'node:crypto'
import { KnoxRefusal } from './errors.ts'

/** A compact JWS whose three parts could be read; its signature is not checked yet. */
export interface ParsedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** What is signed: the first two parts as they were sent. */
  readonly signingInput: string
  readonly signature: Buffer
}

/** Takes a JWT apart (RFC 7515 §7.1). @throws KnoxRefusal ACCESS_TOKEN_BAD_REQUEST */
export function parseJwt(token: string): ParsedJwt {
  const [header, claims, signature, ...more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) {
    throw badlyMade('the JWT must have three parts')
  }
  return {
    header: parseObject(header),
    claims: parseObject(claims),
    signingInput: `${header}.${claims}`,
    signature: decode(signature),
  }
}

/** Checks that the header is `alg` RS512 and `typ` JWT and nothing else. @throws KnoxRefusal */
export function checkHeader({ header }: ParsedJwt): void {
  const { alg, typ, ...more } = header
  if (alg !== 'RS512') throw badlyMade('the JWT header must say alg RS512')
  if (typ !== 'JWT') throw badlyMade('the JWT header must say typ JWT')
  if (Object.keys(more).length > 0) throw badlyMade('the JWT header must have alg and typ only')
}

/** Checks the RSASSA-PKCS1-v1_5 signature with SHA-512 (RFC 7518 §3.3). @throws KnoxRefusal */
export function checkSignature({ signingInput, signature }: ParsedJwt, key: KeyObject): void {
  if (!verify('sha512', Buffer.from(signingInput), key, signature)) {
    throw badlyMade('the JWT signature does not match the public key')
  }
}

/** A refusal of a JWT that is not made as it should be. */
export const badlyMade = (data: string): KnoxRefusal =>
  new KnoxRefusal('ACCESS_TOKEN_BAD_REQUEST', data)

function parseObject(part: string): Readonly<Record<string, unknown>> {
  const value = parseJson(decode(part).toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badlyMade('header and claims of the JWT must be JSON objects')
  }
  // Holds because it is an object and no array; nothing is known of its members.
  return value as Readonly<Record<string, unknown>>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badlyMade('header and claims of the JWT must be JSON objects')
  }
}

/** Strict base64url without padding (RFC 7515 §2): what decodes must encode to the same text. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (part === '' || bytes.toString('base64url') !== part) {
    throw badlyMade('the parts of the JWT must be base64url without padding')
  }
  return bytes
}
