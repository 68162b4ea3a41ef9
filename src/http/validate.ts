import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import { fieldError, pointer, printable } from './field-error.ts'
import { describeIssues, type NameField } from './issues.ts'
import { parseParameters } from './parameters.ts'

/**
 * Reads a parsed JSON body. Use `z.strictObject`, so that unknown fields are refused.
 *
 * @throws ServiceError `invalid_request` with one entry per broken rule, fields as JSON pointers.
 */
export const parseBody = <T>(schema: z.ZodType<T>, body: unknown): T => parse(schema, body, pointer)

/**
 * Reads the query of a request target. Use `z.strictObject`, so that unknown parameters are
 * refused. Values are strings: take numbers with `integerParameter`.
 *
 * @param url - The target as received (`req.originalUrl`).
 * @throws ServiceError `malformed_request` for broken percent-encoding, `invalid_request` for the
 *   rest, fields as parameter names.
 */
export function parseQuery<T>(schema: z.ZodType<T>, url: string): T {
  const start = url.indexOf('?')
  const parameters = parseParameters(start === -1 ? '' : url.slice(start + 1))
  // Names like `a[b]` or `__proto__` do not get as far as becoming properties.
  const odd = [...parameters.keys()].filter((name) => !/^[a-z][a-z0-9_]{0,63}$/.test(name))
  if (odd.length > 0) throw fieldError(odd.map((name) => [printable(name), 'is not known']))
  return parse(schema, Object.fromEntries(parameters), (path) => path.map(String).join('.'))
}

/**
 * Reads an id from the path. What does not look like an id gets the answer an unknown id gets.
 *
 * @param isId - `isConnectionId` or `isConnectSessionId`.
 * @throws ServiceError `not_found`.
 */
export function parsePathId<T extends string>(
  isId: (text: string) => text is T,
  value: unknown,
): T {
  if (typeof value !== 'string' || !isId(value)) throw new ServiceError('not_found')
  return value
}

function parse<T>(schema: z.ZodType<T>, input: unknown, nameField: NameField): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw fieldError(describeIssues(result.error.issues, input, nameField))
}

/**
 * Control characters, line and paragraph separators, and those that reverse the text after them.
 */
const INVISIBLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/**
 * Text of `min` to `max` characters (code points): well-formed Unicode without control characters.
 */
export const text = (min: number, max: number) =>
  z
    .string()
    .refine((value) => isOfLength(value, min, max), {
      error: `must be ${min} to ${max} characters`,
      abort: true,
    })
    .refine((value) => value.isWellFormed() && !INVISIBLE.test(value), {
      error: 'must be well-formed text without control characters',
    })

function isOfLength(value: string, min: number, max: number): boolean {
  // A code point takes at most two units, so longer text need not be counted.
  return value.length <= 2 * max && isWithin([...value].length, min, max)
}

/** A JSON number without fraction, from `min` to `max`. */
export const integer = (min: number, max: number) =>
  z.number().refine((value) => Number.isSafeInteger(value) && isWithin(value, min, max), {
    error: `must be an integer from ${min} to ${max}`,
  })

/** The same as a query parameter: decimal digits without sign or leading zeros. */
export const integerParameter = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^(?:0|[1-9]\d{0,14})$/.test(value) && isWithin(Number(value), min, max), {
      error: `must be an integer from ${min} to ${max}`,
    })
    .transform(Number)

const isWithin = (value: number, min: number, max: number): boolean => value >= min && value <= max

/**
 * An absolute http(s) URL of at most 2,048 printable ASCII characters, without user information and
 * fragment. It is passed on as it came, to be compared as a whole string (RFC 9700 §4.1).
 */
export const exactUrl = z.string().refine(isExactUrl, {
  error: 'must be an absolute http or https URL without user information and fragment',
})

function isExactUrl(value: string): boolean {
  if (value.length > 2048 || !/^https?:\/\/[\x21-\x7e]+$/.test(value)) return false
  const url = URL.canParse(value) ? new URL(value) : null
  return url !== null && url.username === '' && url.password === '' && !value.includes('#')
}

/** Unpadded base64url (RFC 4648 §5) of exactly `length` characters; 43 hold 32 bytes. */
export const base64url = (length: number) =>
  z.string().refine((value) => value.length === length && /^[\w-]*$/.test(value), {
    error: `must be ${length} characters of base64url`,
  })
