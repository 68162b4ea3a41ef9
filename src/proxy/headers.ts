/** Names and values in turn, as Node and undici have them on the wire. */
export type RawHeaders = readonly string[]

/** About one connection, not about the message (RFC 9110 §7.6.1), or about framing, which is ours. */
const HOP_BY_HOP = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Who somebody is, or where a request comes from: either side says that for itself. */
const IDENTITY = /^(?:authorization|cookie2?|set-cookie2?|forwarded|proxy-.*|x-(?:knox|wsm)-.*)$/
const FORWARDED = /^(?:x-forwarded(?:-.*)?|x-(?:real|client|cluster-client)-ip|true-client-ip)$/

/** By which frameworks are told that a request is another one; and what this service says itself. */
const MISLEADING =
  /^(?:x-(?:original|rewrite)-.*|x-http-method(?:-override)?|x-method-override|x-host|via|max-forwards)$/
const OF_REQUEST = ['host', 'accept-encoding', 'user-agent']

/**
 * About the origin that a browser talks to, which is not Samsung's; credentials; and what this service says
 * itself on every answer.
 */
const OF_RESPONSE =
  /^(?:www-authenticate|authentication-info|access-control-.*|alt-svc|clear-site-data|strict-transport-security|public-key-pins.*|content-security-policy(?:-report-only)?|cross-origin-.*|x-knoxgate-.*|x-trace-id|ratelimit(?:-policy)?)$/

const isEverywhere = (name: string): boolean =>
  HOP_BY_HOP.includes(name) || IDENTITY.test(name) || FORWARDED.test(name)

/**
 * The headers of a caller's request that are sent on; the way out adds its own.
 *
 * No name with `_` is among them: to servers that read headers as variables it is the one with `-`
 * (CVE-2025-64484).
 */
export const requestHeaders = (raw: RawHeaders): string[] =>
  kept(
    raw,
    (name) =>
      isEverywhere(name) ||
      name.includes('_') ||
      MISLEADING.test(name) ||
      OF_REQUEST.includes(name) ||
      name.startsWith('x-knoxgate-'),
  )

/** The headers of Samsung's answer that the caller gets. */
export const responseHeaders = (raw: RawHeaders): string[] =>
  kept(raw, (name) => isEverywhere(name) || name.includes('_') || OF_RESPONSE.test(name))

/** The first value of a header, or undefined. @param name - In lower case. */
export function headerOf(raw: RawHeaders, name: string): string | undefined {
  const at = raw.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name)
  return at === -1 ? undefined : raw[at + 1]
}

function kept(raw: RawHeaders, isDropped: (name: string) => boolean): string[] {
  const listed = listedBy(raw)
  const out: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    const known = name.toLowerCase()
    if (!isDropped(known) && !listed.has(known)) out.push(name, value)
  }
  return out
}

/** What `Connection` says is meant for the next hop only (RFC 9110 §7.6.1). */
function listedBy(raw: RawHeaders): ReadonlySet<string> {
  const listed = new Set<string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() !== 'connection') continue
    for (const token of (raw[at + 1] ?? '').split(',')) listed.add(token.trim().toLowerCase())
  }
  return listed
}
