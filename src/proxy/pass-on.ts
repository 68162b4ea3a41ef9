import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Product } from '../config/products.ts'
import { OutboundError } from '../outbound/outbound.ts'
import { wordFor } from '../outbound/reason-word.ts'
import type { StreamOutbound } from '../outbound/stream-outbound.ts'
import { ServiceError } from '../shared/errors.ts'
import type { ConnectionId } from '../shared/ids.ts'
import type { Clock } from '../shared/time.ts'
import type { Connections } from '../vault/connections.ts'
import type { HandOut } from '../vault/hand-out.ts'
import { currentBinding } from '../vault/record.ts'
import type { TokenSource } from '../vault/token-source.ts'
import { makeCall, type ProxyCallResult } from './call.ts'
import { requestHeaders } from './headers.ts'
import { type ProxyMethod, permit } from './permit.ts'
import type { ProxyCaller, ProxyReport } from './report.ts'
import { dropRest, type RequestBody, takeBody } from './request-body.ts'
import { sendOn } from './send.ts'
import type { Target } from './target.ts'
import { createWatch, type Watch } from './watch.ts'

export interface ProxySettings {
  readonly idleMs: number
  readonly totalMs: number
  readonly requestLimitBytes: number
  readonly responseLimitBytes: number
}

export interface ProxyDeps {
  readonly connections: Pick<Connections, 'read'>
  readonly tokenSource: Pick<TokenSource, 'peek' | 'handOut'>
  readonly outbound: Pick<StreamOutbound, 'stream'>
  /** @throws ServiceError `program_not_configured` */
  readonly productsOf: (programId: string) => readonly Product[]
  readonly report: ProxyReport
  readonly settings: ProxySettings
  readonly minTtlMs: number
  readonly clock: Clock
}

/** What is asked for, by whom, at whose connection. */
export interface ProxyCall {
  readonly caller: ProxyCaller
  readonly connectionId: ConnectionId
  readonly method: ProxyMethod
  readonly target: Target
}

/**
 * Answers one call with what Samsung says.
 *
 * @throws ServiceError `path_not_allowed`, `payload_too_large`, `upstream_*`, and what a hand-out throws
 */
export type PassOn = (call: ProxyCall, req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Creates the proxy. Nothing is read of a request, and no credential made, before its path is permitted. */
export function createPassOn(deps: ProxyDeps): PassOn {
  const { tokenSource, outbound, report, settings, clock } = deps

  return async function passOn(call, req, res) {
    const { caller, connectionId, method, target } = call
    const kept = tokenSource.peek(caller.portal.id, connectionId, deps.minTtlMs)
    const programId = kept?.programId ?? (await programOf(call))
    if (caller.programs?.has(programId) === false) throw new ServiceError('not_found')
    const product = permit(deps.productsOf(programId), caller.proxy, method, target.path)
    if ('rule' in product) throw new ServiceError('path_not_allowed', { detail: product.rule })
    const told = report({ caller, connectionId, programId, product: product.name, method })
    const watch = createWatch(res, settings)
    dropRest(req, res)
    try {
      const body = await takeBody(req, settings.requestLimitBytes, watch)
      const handOut = kept ?? (await handOutFor(call))
      told.begun()
      const made = await make(call, req, { origin: product.baseUrl, body, watch, handOut })
      const end = await send(res, made, watch)
      told.ended(end === 'whole' ? made.answer.status : end, made.healing)
    } catch (error) {
      told.ended('failed')
      throw failureOf(error, watch, method)
    }
  }

  function make(call: ProxyCall, req: IncomingMessage, means: Means): Promise<ProxyCallResult> {
    const { origin, body, watch, handOut } = means
    const { method, target } = call
    const replace = (refused: HandOut) => handOutFor(call, refused)
    const path = target.path + target.query
    const headers = requestHeaders(req.rawHeaders)
    const request = { method, origin, path, headers, body, signal: watch.signal }
    return makeCall({ outbound, replace }, request, handOut)
  }

  function send(res: ServerResponse, { answer, healing }: ProxyCallResult, watch: Watch) {
    // Of these a fresh credential is there, and only the request is not.
    const retryable = healing === 'not_kept'
    return sendOn(res, answer, { watch, limitBytes: settings.responseLimitBytes, retryable })
  }

  async function programOf({ caller, connectionId }: ProxyCall): Promise<string> {
    const found = await deps.connections.read(connectionId)
    if (found === null || found.connection.portalId !== caller.portal.id)
      throw new ServiceError('not_found')
    return currentBinding(found.connection).program
  }

  /** A renewal that a refusal asks for is made at most once a minute: the plan of a hand-out sees to that. */
  function handOutFor({ caller, connectionId }: ProxyCall, refused?: HandOut): Promise<HandOut> {
    const rejected = refused === undefined ? {} : { rejected: refused.tokenId }
    const wish = { minTtlMs: deps.minTtlMs, arrivedAt: clock(), ...rejected }
    return tokenSource.handOut(caller.portal.id, connectionId, wish)
  }
}

/** What a call is made with. */
interface Means {
  readonly origin: string
  readonly body: RequestBody
  readonly watch: Watch
  readonly handOut: HandOut
}

const SAFE: readonly string[] = ['GET', 'HEAD']

/** Why the watch ended it counts for more than how that looked from inside. */
function failureOf(error: unknown, watch: Pick<Watch, 'failure'>, method: string): unknown {
  const ended = watch.failure()
  if (ended !== null) return ended
  if (!(error instanceof OutboundError)) return error
  const mayBeDone = error.sent && !SAFE.includes(method)
  return new ServiceError(`upstream_${wordFor(error.reason)}`, {
    upstream: { service: 'knox' },
    ...(mayBeDone ? { detail: 'the call may have been carried out' } : {}),
  })
}
