import { ServiceError } from '../shared/errors.ts'
import { fieldError, printable } from './field-error.ts'

/**
 * Parses a query string or a form body (`application/x-www-form-urlencoded`).
 *
 * Nothing is nested and nothing becomes an array: `a[b]` is just a name, and a name that occurs
 * twice is refused (RFC 6749 §3.1), whether anybody knows it or not.
 *
 * @param text - Without the question mark.
 * @returns Names in the order they came.
 * @throws ServiceError `malformed_request` when it is not percent-encoded UTF-8, `invalid_request`
 *   when a name occurs twice.
 */
export function parseParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    if (parameters.has(name)) throw fieldError([[printable(name), 'is given more than once']])
    parameters.set(name, equals === -1 ? '' : decode(pair.slice(equals + 1)))
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new ServiceError('malformed_request', {
      detail: 'the parameters are not percent-encoded UTF-8',
    })
  }
}
