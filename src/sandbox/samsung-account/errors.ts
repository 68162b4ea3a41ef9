import { json, type Reply } from '../http/exchange.ts'
import type { Settings } from '../settings.ts'

/** Samsung Account's codes (protocol.md 2.8), each with the RFC 6749 §5.2 error it amounts to. */
const ERRORS = {
  AUT_1001: ['invalid_request', 'client_id is empty'],
  AUT_1002: ['invalid_client', 'client_secret is empty'],
  AUT_1006: ['invalid_request', 'code is empty'],
  AUT_1008: ['invalid_request', 'grant_type is empty'],
  AUT_1010: ['invalid_request', 'client_id has a wrong length'],
  AUT_1011: ['invalid_request', 'client_secret has a wrong length'],
  AUT_1015: ['invalid_request', 'code has a wrong length'],
  AUT_1017: ['invalid_request', 'grant_type has a wrong length'],
  AUT_1022: ['invalid_request', 'redirect_uri has a wrong pattern'],
  AUT_1024: ['invalid_request', 'client_id has a wrong pattern'],
  AUT_1045: ['invalid_request', 'redirect_uri has a wrong length'],
  AUT_1702: ['invalid_client', 'client_secret is incorrect'],
  AUT_1785: ['invalid_client', 'client_id is not authenticated to get a token'],
  AUT_1802: ['invalid_grant', 'code is incorrect'],
  AUT_1806: ['invalid_grant', 'client_id of the code differs from that of the request'],
} as const

/** A code of the token endpoint. */
export type SaErrorCode = keyof typeof ERRORS

/** The token endpoint says no, always with status 400 (protocol.md 2.8). */
export class SaRefusal extends Error {
  override readonly name = 'SaRefusal'
  readonly code: SaErrorCode
  /** The RFC 6749 §5.2 error. */
  readonly error: string

  constructor(
    code: SaErrorCode,
    error: string = ERRORS[code][0],
    message: string = ERRORS[code][1],
  ) {
    super(message)
    this.code = code
    this.error = error
  }
}

/** What an error answer says, whichever shape it has. */
export interface SaError {
  readonly error: string
  readonly code: string
  readonly message: string
}

/** Writes an error in the shape that is set: the real one is unknown (protocol.md 2.8). */
export function saErrorReply(
  status: number,
  { error, code, message }: SaError,
  shape: Settings['errorShape'],
): Reply {
  const fields = { error_code: code, error_description: message }
  switch (shape) {
    case 'rfc':
      return json(status, { error, ...fields }, { refusal: code })
    case 'code_only':
      return json(status, fields, { refusal: code })
    case 'xml':
      return {
        status,
        headers: { 'Content-Type': 'text/xml;charset=UTF-8' },
        body: `<?xml version="1.0" encoding="UTF-8"?><error>${xml(fields)}</error>`,
        refusal: code,
      }
  }
}

/** The RFC 6749 §5.2 error for a scripted code: our table's, or the code itself if it is one. */
export function errorFor(code: string): string {
  if (isSaErrorCode(code)) return ERRORS[code][0]
  return /^[a-z_]+$/.test(code) ? code : 'invalid_request'
}

const isSaErrorCode = (code: string): code is SaErrorCode => Object.hasOwn(ERRORS, code)

const xml = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<${name}>${value.replace(/[<>&]/g, ' ')}</${name}>`)
    .join('')
