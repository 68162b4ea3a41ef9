import type { IncomingMessage, RequestListener } from 'node:http'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { sendProblem } from './send-problem.ts'

/** Fields that mean one thing; of a second one Node would keep quiet and use the first. */
const SINGLE: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type'])
/** Looked at first, because this runs for every request. */
const SINGLE_LENGTHS: ReadonlySet<number> = new Set([...SINGLE].map(({ length }) => length))

/** A target in absolute form: what stands before the path, and the path with its query. */
const ABSOLUTE = /^https?:\/\/[^/?#]*(.*)$/is

/**
 * Wraps a listener so that it is given only requests whose head has one meaning, with their target
 * in origin form (RFC 9112 §3.2.1). Others are answered here, with `malformed_request`.
 *
 * It has to stand before Express: for a target that its router cannot parse, Express passes over
 * every middleware and answers with a page of its own. The server must be created with
 * `requireHostHeader: false`, or Node answers the lack of it without a body.
 */
export function guardRequestHead(
  handle: RequestListener,
  { log }: { readonly log: Log },
): RequestListener {
  return (req, res) => {
    // We upgrade to nothing, and Node reads no further request behind one that asks for it.
    if (req.headers.upgrade !== undefined) res.shouldKeepAlive = false
    const detail = brokenRule(req)
    if (detail === null) return handle(req, res)
    res.setHeader('Connection', 'close')
    return sendProblem(req, res, new ServiceError('malformed_request', { detail }), { log })
  }
}

/** Brings the target into origin form; the rule that the head breaks, or null. */
function brokenRule(req: IncomingMessage): string | null {
  const found: string[] = []
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const name = req.rawHeaders[at] ?? ''
    if (!SINGLE_LENGTHS.has(name.length) || !SINGLE.has(name.toLowerCase())) continue
    if (found.includes(name.toLowerCase())) return `${name.toLowerCase()} is given more than once`
    found.push(name.toLowerCase())
  }
  // RFC 9112 §3.2
  if (!found.includes('host') && req.httpVersion !== '1.0') return 'host is missing'
  return toOriginForm(req) ? null : 'the request target is not well-formed'
}

function toOriginForm(req: IncomingMessage): boolean {
  const { url = '' } = req
  if (url.startsWith('/') || (url === '*' && req.method === 'OPTIONS')) return true
  const [, target] = ABSOLUTE.exec(url) ?? []
  if (target === undefined || !URL.canParse(url)) return false
  req.url = target.startsWith('/') ? target : `/${target}`
  return true
}
