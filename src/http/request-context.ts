import { randomBytes } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { actForRequest } from '../shared/actor.ts'
import type { Log } from '../shared/log.ts'
import type { Clock } from '../shared/time.ts'

export interface RequestContextDeps {
  readonly log: Log
  readonly clock: Clock
  /** Paths that routers are mounted under, for the `route` of log events. */
  readonly mounts?: readonly string[]
}

/** W3C Trace Context §3.2.2, version 00; neither trace nor parent may be all zeros. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * Middleware that goes first: gives the request its trace id, says it in `x-trace-id`, and logs one
 * `request` event when the answer is out or the client is gone.
 *
 * The trace id is the caller's when `traceparent` is valid, so that its own traces find ours. The
 * URL is never logged, because it may hold a `code` or a `state`; the route's pattern is.
 */
export function requestContext(deps: RequestContextDeps): RequestHandler {
  const { log, clock, mounts = ['/v1', '/admin/v1'] } = deps
  return (req, res, next) => {
    const startedAt = clock()
    const traceId = TRACEPARENT.exec(req.headers.traceparent?.toString() ?? '')?.[1] ?? newTraceId()
    res.locals.traceId = traceId
    res.setHeader('x-trace-id', traceId)
    res.on('close', () => {
      if (res.locals.isMuted === true) return
      log.info('request', {
        traceId,
        method: req.method,
        route: routePattern(req, mounts),
        status: res.statusCode,
        durationMs: clock() - startedAt,
        portalId: portalIdOf(res),
        outcome: res.writableFinished ? undefined : 'aborted',
      })
    })
    actForRequest(traceId, next)
  }
}

/**
 * The request's trace id: 32 hexadecimal digits. Made on the spot where the middleware did not run.
 */
export function traceIdOf(res: Response): string {
  if (typeof res.locals.traceId !== 'string') res.locals.traceId = newTraceId()
  return String(res.locals.traceId)
}

/** What a page shows for the trace id: its first twelve digits, `4bf9-2f35-77b3`. */
export const supportIdOf = (res: Response): string =>
  (traceIdOf(res).slice(0, 12).match(/.{4}/g) ?? []).join('-')

/** Spares the log the event of this request, which is told otherwise. */
export function muteRequest(res: Response): void {
  res.locals.isMuted = true
}

/** Notes which portal calls, for the log events of this request. */
export function notePortal(res: Response, portalId: string): void {
  res.locals.portalId = portalId
}

/** The portal that `notePortal` named, if the request got that far. */
export const portalIdOf = (res: Response): string | undefined =>
  typeof res.locals.portalId === 'string' ? res.locals.portalId : undefined

const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

/**
 * Random bytes are fetched in bulk: asking the system for every request shows in the throughput.
 */
export function newTraceId(): string {
  if (used + 16 > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  used += 16
  return pool.toString('hex', used - 16, used)
}

/**
 * `/v1/connections/:id`, or `unmatched`. `req.baseUrl` is no help: it is reset when a route throws.
 */
function routePattern(req: Request, mounts: readonly string[]): string {
  const pattern: unknown = req.route?.path
  if (typeof pattern !== 'string') return 'unmatched'
  const isUnder = (text: string, mount: string) => text === mount || text.startsWith(`${mount}/`)
  const mount = mounts.find((mount) => isUnder(req.originalUrl, mount) && !isUnder(pattern, mount))
  return `${mount ?? ''}${pattern}`
}
