import { json, type Reply } from '../http/exchange.ts'

/** The error codes of RFC 6749 §5.2 and §4.1.2.1. */
export type OauthError =
  | 'access_denied'
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'

/** Knox OAuth says no; the message becomes `error_description` and must not quote what was sent. */
export class OauthRefusal extends Error {
  override readonly name = 'OauthRefusal'
  readonly error: OauthError

  constructor(error: OauthError, description: string) {
    super(description)
    this.error = error
  }
}

/** Writes a refusal of the token or revocation endpoint (RFC 6749 §5.2; 401 for the client). */
export const oauthErrorReply = ({ error, message }: OauthRefusal): Reply =>
  json(
    error === 'invalid_client' ? 401 : 400,
    { error, error_description: message },
    { refusal: error },
  )

/** Reads a parameter that must be there, not empty, and once (RFC 6749 §3.2). @throws OauthRefusal */
export function readParameter(form: URLSearchParams, name: string): string {
  const value = readOptional(form, name)
  if (value === undefined) throw new OauthRefusal('invalid_request', `${name} is missing`)
  return value
}

/** Reads a parameter that may be absent; empty is absent (RFC 6749 §3.1). @throws OauthRefusal */
export function readOptional(form: URLSearchParams, name: string): string | undefined {
  const [value = '', ...more] = form.getAll(name)
  if (more.length > 0) throw new OauthRefusal('invalid_request', `${name} is given twice`)
  return value === '' ? undefined : value
}
