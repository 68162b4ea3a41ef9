import { randomUUID } from 'node:crypto'
import { json, type Reply } from '../http/exchange.ts'
import type { Settings } from '../settings.ts'

/** The codes of protocol.md 3.6 and 5.3 that the sandbox answers with, and their HTTP status. */
const ERRORS = {
  RESOURCE_INVALID_PARAM: [400, 4000000],
  TENANT_MISMATCH: [400, 4000904],
  API_KEY_NON_UNIQUE_JWTID: [400, 4002250],
  ACCESS_TOKEN_TIMEOUT_VALIDITY_RESOURCE_INVALID_PARAM: [400, 4002251],
  IDP_AUTHORIZATION_FAIL: [401, 4010011],
  ACCESS_TOKEN_BAD_REQUEST: [401, 4012250],
  BAD_REQUEST_ACCESS_TOKEN_CLAIM_NOT_POPULATED: [401, 4012251],
  AUTHENTICATION_FAIL: [403, 4030000],
  ACCESS_TOKEN_EXPIRED: [403, 4032251],
  ACCESS_TOKEN_INVALID: [403, 4032252],
  AUTHORIZATION_FAIL: [403, 40300000],
  RESOURCE_NOT_FOUND: [404, 4040000],
} as const

/** Knox's name of an error, as it stands in `message`. */
export type KnoxErrorName = keyof typeof ERRORS

/** Knox says no; `message` becomes `data`, and must not quote what was sent. */
export class KnoxRefusal extends Error {
  override readonly name = 'KnoxRefusal'
  readonly error: KnoxErrorName

  constructor(error: KnoxErrorName, data: string) {
    super(data)
    this.error = error
  }
}

/** Answers with a Knox error body `{code, message, data, errorId}` (protocol.md 3.6). */
export function knoxErrorReply(refusal: KnoxRefusal, shape: Settings['codeShape']): Reply {
  const [status, code] = ERRORS[refusal.error]
  return knoxCodeReply({ status, code, message: refusal.error, data: refusal.message }, shape)
}

/** Answers with any code; KBA 1242 shows code, message and data as arrays. */
export function knoxCodeReply(
  error: {
    readonly status: number
    readonly code: number | string
    readonly message: string
    readonly data: string
  },
  shape: Settings['codeShape'],
): Reply {
  const { status, code, message, data } = error
  const errorId = randomUUID()
  const body = {
    number: { code, message, data, errorId },
    string: { code: String(code), message, data, errorId },
    array: { code: [code], message: [message], data: [data], errorId },
  }
  return json(status, body[shape], { refusal: String(code) })
}
