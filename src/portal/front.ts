import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { sendProblem } from '../http/send-problem.ts'
import type { Load, Ticket } from '../limits/load.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Authenticator } from './authenticate.ts'
import type { HotToken } from './hot-token.ts'

export interface FrontDeps {
  readonly load: Load
  readonly authenticator: Pick<Authenticator, 'recognize'>
  readonly hotToken: HotToken
  /** What answers everything that the short way leaves. */
  readonly app: RequestListener
  readonly log: Log
}

/** Whoever asks whether this process lives must be told, above all when it is busy. */
const PROBE = /^\/(?:livez|readyz)(?:\?|$)/

const isApi = (url: string): boolean => url === '/v1' || url.startsWith('/v1/')

/** Creates what all requests of the public listener come to first: there is a place for each, or it goes. */
export function createFront(deps: FrontDeps): RequestListener {
  const { load, authenticator, hotToken, app, log } = deps

  function go(req: IncomingMessage, res: ServerResponse, got: Ticket | ServiceError): void {
    load.keep(req, got)
    app(req, res)
  }

  return (req, res) => {
    const { url = '' } = req
    if (PROBE.test(url)) return app(req, res)
    const got = load.enter(res, () => authenticator.recognize(req)?.portal.id ?? null)
    if (!(got instanceof ServiceError)) return hotToken(req, res, () => go(req, res, got), got)
    // The browser's routes make a page of it.
    return isApi(url) ? sendProblem(req, res, got, { log }) : go(req, res, got)
  }
}
