import type { Incoming } from '../http/exchange.ts'
import { type SaErrorCode, SaRefusal } from './errors.ts'

/** A well-formed token request; nothing is known yet about whether it may be granted. */
export type TokenRequest =
  | {
      readonly grantType: 'authorization_code'
      readonly clientId: string
      readonly code: string
      readonly redirectUri: string
    }
  | {
      readonly grantType: 'refresh_token'
      readonly clientId: string
      readonly refreshToken: string
    }

/** Which code says that a field is empty, and which that it is too long or given twice. */
interface FieldCodes {
  readonly empty: SaErrorCode
  readonly length: SaErrorCode
}

/** There is no code of its own for a refresh token, so it shares those of `code`. */
const FIELDS = {
  client_id: { empty: 'AUT_1001', length: 'AUT_1010' },
  grant_type: { empty: 'AUT_1008', length: 'AUT_1017' },
  code: { empty: 'AUT_1006', length: 'AUT_1015' },
  redirect_uri: { empty: 'AUT_1022', length: 'AUT_1045' },
  refresh_token: { empty: 'AUT_1006', length: 'AUT_1015' },
} as const satisfies Record<string, FieldCodes>

const MAX_LENGTH = 2_048

/** Reads the form body (protocol.md 2.5: every real client sends a form). @throws SaRefusal */
export function readForm(incoming: Incoming): URLSearchParams {
  if (incoming.contentType !== 'application/x-www-form-urlencoded') {
    throw new SaRefusal(
      'AUT_1008',
      'invalid_request',
      'the body must be application/x-www-form-urlencoded',
    )
  }
  return new URLSearchParams(incoming.body)
}

/**
 * Reads what a client asks for.
 *
 * @param clientId - Of the authenticated client.
 * @throws SaRefusal for the first field that is missing, repeated or too long.
 */
export function readTokenRequest(form: URLSearchParams, clientId: string): TokenRequest {
  const grantType = readField(form, 'grant_type')
  switch (grantType) {
    case 'authorization_code':
      return {
        grantType,
        clientId,
        code: readField(form, 'code'),
        redirectUri: readField(form, 'redirect_uri'),
      }
    case 'refresh_token':
      return { grantType, clientId, refreshToken: readField(form, 'refresh_token') }
    default:
      throw new SaRefusal('AUT_1017', 'unsupported_grant_type', 'grant_type is not supported')
  }
}

/** Reads one field. @throws SaRefusal when it is empty, repeated or too long */
export function readField(form: URLSearchParams, name: keyof typeof FIELDS): string {
  return readOnce(form, name, FIELDS[name])
}

/** Reads one field with the codes that say what is wrong with it. @throws SaRefusal */
export function readOnce(form: URLSearchParams, name: string, codes: FieldCodes): string {
  const [value = '', ...more] = form.getAll(name)
  if (more.length > 0) {
    throw new SaRefusal(codes.length, 'invalid_request', `${name} is given more than once`)
  }
  if (value === '') throw new SaRefusal(codes.empty, undefined, `${name} is empty`)
  if (value.length > MAX_LENGTH) throw new SaRefusal(codes.length)
  return value
}
