import { ServiceError } from '../shared/errors.ts'

/** A field (JSON pointer or parameter name; '' is the whole body) and the rule it breaks. */
export type FieldRule = readonly [field: string, rule: string]

const MAX_ERRORS = 20
const MAX_NAME = 64

/**
 * Makes a name from outside fit to be said back: printable ASCII, at most 64 characters.
 *
 * Names are all that is ever said back; values are not.
 */
export function printable(name: string): string {
  const safe = name.replace(/[^\x20-\x7e]/gu, '?')
  return safe.length > MAX_NAME ? `${safe.slice(0, MAX_NAME - 3)}...` : safe
}

/** Writes a path as a JSON pointer (RFC 6901 §3). */
export const pointer = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => `/${printable(String(part)).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')

/** The 422 that names each field with the rule it breaks; the first one is also its `detail`. */
export function fieldError(rules: readonly FieldRule[]): ServiceError {
  const [[field, rule] = ['', 'is not valid']] = rules
  return new ServiceError('invalid_request', {
    detail: `${field === '' ? 'the body' : field} ${rule}`,
    errors: rules.slice(0, MAX_ERRORS).map(([field, rule]) => ({ field, rule })),
  })
}
