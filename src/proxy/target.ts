import { isTokenPath } from '../config/products.ts'

/** What is asked of Knox, in the one form in which it may be sent. */
export interface Target {
  /** Begins with a slash; what had to be escaped is, and nothing else. */
  readonly path: string
  /** With its question mark, as it came; empty when there is none. */
  readonly query: string
}

/** The rule that a target breaks, in words that quote nothing. */
export interface BrokenRule {
  readonly rule: string
}

/** RFC 3986 §3.3 without `;`: where parameters begin is where servers differ. */
const RAW_PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@/]|%[0-9A-Fa-f]{2})*$/
/** RFC 3986 §3.4, and the brackets that everybody sends as they are. */
const RAW_QUERY = /^(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]]*)?$/

/**
 * What no decoded segment may hold: what would be a separator, a parameter, a query or another escape to
 * whoever decodes once more, and what is not printable.
 */
const FORBIDDEN = /[/\\;?#%\p{C}\p{Zl}\p{Zp}]/u
/** Empty, or a step to elsewhere; also behind what sloppy servers cut off. */
const STEP = /^[\s.]*$/

/**
 * Reads the target of a proxied call: decoded once, judged, and written anew.
 *
 * @param raw - Path and query as they stood on the wire, from the slash before Knox's own path on.
 */
export function readTarget(raw: string): Target | BrokenRule {
  const at = raw.indexOf('?')
  const rawPath = at === -1 ? raw : raw.slice(0, at)
  const query = at === -1 ? '' : raw.slice(at)
  if (!RAW_PATH.test(rawPath)) return { rule: 'the path must be percent-encoded, without ";"' }
  if (!RAW_QUERY.test(query)) return { rule: 'the query must be percent-encoded' }
  const segments = rawPath.slice(1).split('/').map(decode)
  if (!segments.every((one) => one !== null)) return { rule: 'the path must be UTF-8' }
  const rule = brokenRule(segments)
  if (rule !== null) return { rule }
  const path = `/${segments.map(encode).join('/')}`
  return isTokenPath(path) ? { rule: '/ams is not for callers' } : { path, query }
}

function brokenRule(segments: readonly string[]): string | null {
  // A server that takes full-width letters for plain ones must find no more than we do.
  const all = [...segments, ...segments.map((one) => one.normalize('NFKC'))]
  if (all.some((one) => FORBIDDEN.test(one))) {
    return 'the path must not hold "%", "?", "#", ";", a backslash, an escaped slash or a control character'
  }
  return all.some((one) => STEP.test(one)) ? 'the path must not hold "//", "." or ".."' : null
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}

/** Escapes what RFC 3986 does not allow in a segment; `encodeURIComponent` escapes a little more than that. */
const encode = (segment: string): string =>
  encodeURIComponent(segment).replace(/%(?:24|26|2B|2C|3A|3D|40)/g, decodeURIComponent)

/** Whether a path is a prefix itself, or below it. @param path - Canonical. */
export const isBelow = (path: string, prefix: string): boolean =>
  path === prefix || path.startsWith(`${prefix}/`)
