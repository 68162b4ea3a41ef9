import { ServiceError } from '../shared/errors.ts'

/** As it is written in an answer's `errors`. */
const NAME = 'Idempotency-Key'

const MAX_LENGTH = 255

/** A string of RFC 9651 §3.3.3, here without spaces; a quote or a backslash inside is escaped. */
const QUOTED = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/
/**
 * What callers send who do not know that the field is a structured one. No comma: a proxy that makes one field
 * of two puts it between them (RFC 9110 §5.3).
 */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/

const broken = (rule: string): ServiceError =>
  new ServiceError('invalid_request', {
    detail: `${NAME} ${rule}`,
    errors: [{ field: NAME, rule }],
  })

/**
 * Reads the `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header-07 §2.1): a quoted
 * string, or the same text without quotes. Both name the same key.
 *
 * @param fields - The values of all fields of this name, as received.
 * @returns null when there is none.
 * @throws ServiceError `malformed_request` for a second one, `invalid_request` for what is no key
 */
export function readIdempotencyKey(fields: readonly string[] = []): string | null {
  const [field, ...more] = fields
  if (field === undefined) return null
  if (more.length > 0)
    throw new ServiceError('malformed_request', { detail: `${NAME} is given more than once` })
  const quoted = QUOTED.exec(field)?.[1]?.replace(/\\(["\\])/g, '$1')
  const key = quoted ?? BARE.exec(field)?.[0] ?? ''
  if (key.length === 0 || key.length > MAX_LENGTH)
    throw broken(`must be 1 to ${MAX_LENGTH} visible ASCII characters, best in double quotes`)
  return key
}

/**
 * For routes whose answer may be kept nowhere.
 *
 * @throws ServiceError `invalid_request` when there is such a field
 */
export function refuseIdempotencyKey(fields: readonly string[] = []): void {
  if (fields.length > 0)
    throw broken('is not taken here: the answer shows a secret once, and is kept nowhere')
}
