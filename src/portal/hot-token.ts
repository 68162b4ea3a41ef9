import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerDefect } from '../http/catch-defects.ts'
import { API_HEADERS } from '../http/security.ts'
import { sendProblem } from '../http/send-problem.ts'
import type { ApiLimits, Count } from '../limits/api-limits.ts'
import type { Ticket } from '../limits/load.ts'
import { ServiceError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import { limitStoreTime } from '../shared/store-time.ts'
import type { HandOut } from '../vault/hand-out.ts'
import type { TokenSource } from '../vault/token-source.ts'
import type { Authenticator, Principal } from './authenticate.ts'
import type { CountHandOut } from './hand-out-count.ts'
import type { TokenAnswer } from './token-answer.ts'

export interface HotTokenDeps {
  readonly authenticator: Authenticator
  readonly tokenSource: TokenSource
  readonly tokenAnswer: TokenAnswer
  readonly countHandOut: CountHandOut
  readonly limits: ApiLimits
  readonly defaultMinTtlMs: number
  /** How long one request waits for the store, on the normal way as well. */
  readonly storeLimitMs: number
  readonly log: Log
}

/** Answers a request, or leaves it to `otherwise` untouched. @param ticket - Its place, when there are places. */
export type HotToken = (
  req: IncomingMessage,
  res: ServerResponse,
  otherwise: () => void,
  ticket?: Ticket,
) => void

interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** The connection. */
  readonly id: string
  readonly principal: Principal
  readonly count: Count
  readonly ticket: Ticket | undefined
}

/** Names and values in turn: a list is what `writeHead` sends without copying it first. */
const HEADERS = [
  ...Object.entries(API_HEADERS).flat(),
  'Content-Type',
  'application/json; charset=utf-8',
] as const

const TARGET = /^\/v1\/connections\/(conn_[0-9a-z]{32})\/token$/

/**
 * Creates the short way to a token that is at hand: the plain call (`POST …/token` without a body), a
 * key that was proven before, a token good enough. Everything else takes the normal way, and so does
 * every refusal but that of the store and of the limits, which are there to cost little.
 *
 * It is there because the router, the security middleware and the body parser cost more than the
 * hand-out itself; `npm run bench` shows the difference.
 */
export function createHotToken(deps: HotTokenDeps): HotToken {
  const { authenticator, tokenSource, tokenAnswer, countHandOut, limits } = deps
  const { defaultMinTtlMs, storeLimitMs, log } = deps

  function send({ res, id, principal, count }: Call, handOut: HandOut): void {
    const body = tokenAnswer(handOut)
    const portalId = principal.portal.id
    countHandOut(principal, id, handOut)
    log.debug('token_handed_out', { portalId, connectionId: id, fingerprint: handOut.tokenId })
    const counted = Object.entries(limits.headers(count)).flat()
    res.writeHead(200, [...HEADERS, ...counted, 'Content-Length', body.length])
    // A text, unlike bytes, is joined to the headers, and leaves in one write with them.
    res.end(body, 'latin1')
  }

  function refuse(call: Call, error: ServiceError): void {
    const { req, res, principal, count } = call
    const portalId = principal.portal.id
    sendProblem(req, res, error, { log, portalId, headers: limits.headers(count) })
  }

  function answer(call: Call, otherwise: () => void): void {
    const { id, principal, ticket } = call
    const kept = tokenSource.peek(principal.portal.id, id, defaultMinTtlMs)
    if (kept === null) {
      // From here on it waits.
      const shed = ticket?.prove(principal.portal.id) ?? null
      if (shed === null) confirm(call, otherwise)
      else refuse(call, shed)
    } else if (opens(principal, kept)) send(call, kept)
    else otherwise()
  }

  function confirm(call: Call, otherwise: () => void): void {
    const { res, id, principal } = call
    // Around both ways, so that they wait for the store within one limit.
    limitStoreTime(storeLimitMs, (lift) => {
      res.once('close', lift)
      tokenSource
        .confirm(principal.portal.id, id, defaultMinTtlMs)
        .then((found) =>
          found !== null && opens(principal, found) ? send(call, found) : otherwise(),
        )
        .catch((error: unknown) => {
          if (!(error instanceof ServiceError)) return otherwise()
          // The normal way would ask the same store once more.
          return refuse(call, error)
        })
    })
  }

  return (req, res, otherwise, ticket) => {
    const id = idOf(req)
    if (id === null || !authenticator.isFresh()) return otherwise()
    const principal = authenticator.recognize(req)
    if (principal === null || !principal.scopes.has('tokens')) return otherwise()
    countCall(limits, req, principal, id)
      .then((count) => {
        const call = { req, res, id, principal, count, ticket }
        const refusal = limits.refusal(count, principal)
        if (refusal !== null) return refuse(call, refusal)
        return answer(call, () => {
          limits.keep(req, count)
          otherwise()
        })
      })
      // Nobody else hears of a defect here, and unheard it would end the process.
      .catch((error: unknown) => answerDefect(req, res, error, { log }))
  }
}

const countCall = async (limits: ApiLimits, req: IncomingMessage, by: Principal, id: string) =>
  limits.prove(await limits.arrive(req), by, id)

/** Whether the key is not bound to other programs than the token's. */
const opens = ({ programs }: Principal, { programId }: HandOut): boolean =>
  programs === undefined || programs.has(programId)

function idOf({ method, url, headers }: IncomingMessage): string | null {
  if (method !== 'POST' || url === undefined) return null
  if (headers['transfer-encoding'] !== undefined) return null
  if ((headers['content-length'] ?? '0') !== '0') return null
  return TARGET.exec(url)?.[1] ?? null
}
