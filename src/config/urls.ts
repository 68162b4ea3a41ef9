import { isLoopbackHost } from '../shared/ip.ts'

/**
 * Tells whether a value is an absolute URL that may be called or linked to.
 *
 * Neither user name nor fragment is allowed: the one is a secret in clear, the other is not sent. The
 * text must look like what the parser makes of it, because WHATWG parsing repairs `https:\\host`.
 *
 * @param strict - Allows http on loopback only.
 */
export function isUrl(value: unknown, strict: boolean): value is string {
  if (typeof value !== 'string' || value.length > 2048) return false
  if (!/^https?:\/\/[^\s\\#\p{Cc}]+$/iu.test(value) || !URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  const authority = value.split(/[/?]/)[2] ?? ''
  if (authority === '' || authority.includes('@')) return false
  return protocol === 'https:' || !strict || isLoopbackHost(hostname)
}

/** The rule of `isUrl` in words. */
export const urlRule = (strict: boolean): string =>
  strict
    ? 'must be an absolute https URL without user name or fragment (http on loopback only)'
    : 'must be an absolute http or https URL without user name or fragment'

/** Tells whether a value is a URL of scheme, host and port only; a final slash does no harm. */
export function isOrigin(value: unknown, strict: boolean): value is string {
  return isUrl(value, strict) && !value.includes('?') && new URL(value).pathname === '/'
}

/** The rule of `isOrigin` in words. */
export const originRule = (strict: boolean): string =>
  strict
    ? 'must be an https origin: scheme, host and port, no path (http on loopback only)'
    : 'must be an http or https origin: scheme, host and port, no path'

/** Tells whether a value is a path on a given origin, query allowed, that cannot leave that origin. */
export function isPath(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\/(?!\/)[^\s\\#\p{Cc}]*$/u.test(value)) return false
  const url = new URL(value, 'https://host.invalid')
  return `${url.pathname}${url.search}` === value
}
