import { ServiceError } from '../shared/errors.ts'

/**
 * Cookies here all carry the `__Host-` prefix, which browsers only take over TLS, for this host
 * alone and for all its paths (RFC 6265bis §4.1.3.2). Names in this file are without it.
 */
const PREFIX = '__Host-'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

/** A hundred flows that a browser began in one moment fit in; the next one trims them. */
const MAX_HEADER = 12_288

/**
 * Reads the `__Host-` cookies of a `Cookie` header (RFC 6265 §4.2.1); others are nobody's business.
 *
 * @returns Values by name, the name without its prefix.
 * @throws ServiceError `headers_too_large` over 12 KiB, `malformed_request` when a cookie is given
 *   twice: nobody could say which of the two is ours.
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  if (header === undefined) return cookies
  if (header.length > MAX_HEADER) {
    throw new ServiceError('headers_too_large', { detail: `Cookie is over ${MAX_HEADER} bytes` })
  }
  for (const pair of header.split(';')) {
    const [, name, value] = /^\s*__Host-([\w-]+)=([^\s"]*)\s*$/.exec(pair) ?? []
    if (name === undefined || value === undefined) continue
    if (cookies.has(name)) {
      throw new ServiceError('malformed_request', { detail: 'a cookie is given more than once' })
    }
    cookies.set(name, value)
  }
  return cookies
}

/**
 * Writes a `Set-Cookie` that binds a flow to this browser. `Lax` lets it come along when Samsung
 * sends the browser back by GET, and on no POST from elsewhere.
 *
 * @param name - Letters, digits, `-`, `_`; without the prefix.
 * @param value - base64url or the like: no separators, no quotes.
 * @param maxAgeSeconds - A whole number of seconds, at least one.
 * @throws RangeError when one of them cannot stand in the header.
 */
export function flowCookie(name: string, value: string, maxAgeSeconds: number): string {
  if (!/^[\w.~-]+$/.test(value)) throw new RangeError('value must be made of unreserved characters')
  if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 1) {
    throw new RangeError('maxAgeSeconds must be a whole number of seconds')
  }
  return `${fullName(name)}=${value}; Max-Age=${maxAgeSeconds}; ${ATTRIBUTES}`
}

/** Writes the `Set-Cookie` that removes a cookie; the attributes must be those it was set with. */
export const clearCookie = (name: string): string => `${fullName(name)}=; Max-Age=0; ${ATTRIBUTES}`

function fullName(name: string): string {
  if (!/^[\w-]+$/.test(name)) throw new RangeError('name must be letters, digits, - and _')
  return `${PREFIX}${name}`
}
