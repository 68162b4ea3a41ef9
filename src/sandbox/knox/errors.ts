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
  BEARER_REFUSED: [401, 4010000, 'AUTHORIZATION_FAIL'],
  AUTHENTICATION_FAIL: [403, 4030000],
  ACCESS_TOKEN_EXPIRED: [403, 4032251],
  ACCESS_TOKEN_INVALID: [403, 4032252],
  AUTHORIZATION_FAIL: [403, 40300000],
  RESOURCE_NOT_FOUND: [404, 4040000],
  CUSTOMER_NOT_IN_SAME_REGION: [400, 4002105],
  CUSTOMER_NOT_MANAGED_BY_MSP: [400, 4002113],
  CUSTOMER_NOT_FOUND: [404, 4042100],
} as const

/** HTTP status, code, and the name where it is not that of the entry. */
type ErrorEntry = readonly [status: number, code: number, message?: string]

/** Knox's name of an error, as it stands in `message`; or ours, where one name has two codes. */
export type KnoxErrorName = keyof typeof ERRORS

/** A Knox error, whichever shape it is written in. */
export interface KnoxError {
  readonly status: number
  readonly code: number | string
  readonly message: string
  readonly data: string
}

/** Writes an error in the shape of one Knox service. */
export type KnoxErrorWriter = (error: KnoxError, shape: Settings['codeShape']) => Reply

/** Knox says no; `message` becomes `data`, and must not quote what was sent. */
export class KnoxRefusal extends Error {
  override readonly name = 'KnoxRefusal'
  readonly error: KnoxErrorName

  constructor(error: KnoxErrorName, data: string) {
    super(data)
    this.error = error
  }
}

/** What a refusal amounts to with the codes that are set. */
export function describeRefusal(refusal: KnoxRefusal, { expiryCode }: Settings): KnoxError {
  const [status, documented, message = refusal.error]: ErrorEntry = ERRORS[refusal.error]
  const code = refusal.error === 'ACCESS_TOKEN_EXPIRED' ? Number(expiryCode) : documented
  return { status, code, message, data: refusal.message }
}

/**
 * Writes `{code, message, data, errorId}` (protocol.md 3.6); KBA 1242 shows code, message and data
 * as arrays.
 */
export const knoxCodeReply: KnoxErrorWriter = (error, shape) => {
  const { status, code, message, data } = error
  const errorId = randomUUID()
  const body = {
    number: { code, message, data, errorId },
    string: { code: String(code), message, data, errorId },
    array: { code: [code], message: [message], data: [data], errorId },
  }
  return json(status, body[shape], { refusal: String(code) })
}
