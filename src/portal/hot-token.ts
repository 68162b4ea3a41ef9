import type { IncomingMessage, ServerResponse } from 'node:http'
import { API_HEADERS } from '../http/security.ts'
import { sendProblem } from '../http/send-problem.ts'
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
  readonly defaultMinTtlMs: number
  /** How long one request waits for the store, on the normal way as well. */
  readonly storeLimitMs: number
  readonly log: Log
}

/** Answers a request, or leaves it to `otherwise` untouched. */
export type HotToken = (req: IncomingMessage, res: ServerResponse, otherwise: () => void) => void

/** Names and values in turn: a list is what `writeHead` sends without copying it first. */
const HEADERS = [
  ...Object.entries(API_HEADERS).flat(),
  'Content-Type',
  'application/json; charset=utf-8',
] as const

const TARGET = /^\/v1\/connections\/(conn_[0-9a-z]{32})\/token$/

/**
 * Creates the short way to a token that is at hand: the plain call (`POST …/token` without a body),
 * a proven key, a token good enough. Everything else, and every refusal but that of the store, takes
 * the normal way.
 *
 * It is there because the router, the security middleware and the body parser cost more than the
 * hand-out itself; `npm run bench` shows the difference.
 */
export function createHotToken(deps: HotTokenDeps): HotToken {
  const { authenticator, tokenSource, tokenAnswer, countHandOut } = deps
  const { defaultMinTtlMs, storeLimitMs, log } = deps

  function send(res: ServerResponse, caller: Principal, id: string, handOut: HandOut): void {
    const body = tokenAnswer(handOut)
    const portalId = caller.portal.id
    countHandOut(caller, id, handOut)
    log.debug('token_handed_out', { portalId, connectionId: id, fingerprint: handOut.tokenId })
    res.writeHead(200, [...HEADERS, 'Content-Length', body.length])
    // A text, unlike bytes, is joined to the headers, and leaves in one write with them.
    res.end(body, 'latin1')
  }

  return (req, res, otherwise) => {
    const id = idOf(req)
    if (id === null) return otherwise()
    if (!authenticator.isFresh()) return otherwise()
    const principal = authenticator.identify(req)
    if (principal === null || !principal.scopes.has('tokens')) return otherwise()
    const portalId = principal.portal.id
    const kept = tokenSource.peek(portalId, id, defaultMinTtlMs)
    if (kept !== null) return opens(principal, kept) ? send(res, principal, id, kept) : otherwise()
    // Around both ways, so that they wait for the store within one limit.
    limitStoreTime(storeLimitMs, (lift) => {
      res.once('close', lift)
      tokenSource
        .confirm(portalId, id, defaultMinTtlMs)
        .then((found) => {
          const isOpen = found !== null && opens(principal, found)
          return isOpen ? send(res, principal, id, found) : otherwise()
        })
        .catch((error: unknown) => {
          if (!(error instanceof ServiceError)) return otherwise()
          // The normal way would ask the same store once more.
          return sendProblem(req, res, error, { log, portalId })
        })
    })
  }
}

/** Whether the key is not bound to other programs than the token's. */
const opens = ({ programs }: Principal, { programId }: HandOut): boolean =>
  programs === undefined || programs.has(programId)

function idOf({ method, url, headers }: IncomingMessage): string | null {
  if (method !== 'POST' || url === undefined) return null
  if (headers['transfer-encoding'] !== undefined) return null
  if ((headers['content-length'] ?? '0') !== '0') return null
  return TARGET.exec(url)?.[1] ?? null
}
