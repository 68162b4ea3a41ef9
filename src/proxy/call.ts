import { refusesCredential } from '../knox/failure.ts'
import { credentialHeaders } from '../knox/kind.ts'
import type { StreamOutbound, StreamRequest } from '../outbound/stream-outbound.ts'
import { ServiceError } from '../shared/errors.ts'
import type { HandOut } from '../vault/hand-out.ts'
import { type Answer, readAhead, unread, wholeText } from './answer.ts'
import type { RequestBody } from './request-body.ts'

/** A call as it goes out, all but its credential. */
export interface ProxyRequest {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly headers: readonly string[]
  readonly body: RequestBody
  readonly signal: AbortSignal
}

/**
 * What became of a refused credential: the call went through with a fresh one, or was refused again; or it
 * was not repeated, because there is no fresh one yet, or the request was too large to be kept.
 */
export const HEALINGS = ['healed', 'refused_again', 'no_fresh_token', 'not_kept'] as const

export type Healing = (typeof HEALINGS)[number]

export interface ProxyCallResult {
  readonly answer: Answer
  /** Absent when no credential was refused. */
  readonly healing?: Healing
}

export interface ProxyCallDeps {
  readonly outbound: Pick<StreamOutbound, 'stream'>
  /** A credential in the place of one that was refused; the same one when it may not be replaced yet. */
  readonly replace: (refused: HandOut) => Promise<HandOut>
}

/** Statuses of refusals that are read for their code. */
const REFUSALS = [400, 401, 403]

/**
 * Makes a call; and once more, with a fresh credential, when Samsung refused the first one. The second answer
 * is final, whatever it says.
 *
 * @throws OutboundError
 * @throws ServiceError as a hand-out does, when a fresh credential is needed and cannot be had
 */
export async function makeCall(
  { outbound, replace }: ProxyCallDeps,
  request: ProxyRequest,
  handOut: HandOut,
): Promise<ProxyCallResult> {
  const first = await ask(handOut)
  if (!isRefused(first)) return { answer: first }
  const fresh = await replaceOrKeep(handOut)
  if (fresh.tokenId === handOut.tokenId) return { answer: first, healing: 'no_fresh_token' }
  if (!('kept' in request.body)) return { answer: first, healing: 'not_kept' }
  const second = await ask(fresh)
  return { answer: second, healing: isRefused(second) ? 'refused_again' : 'healed' }

  async function ask(used: HandOut): Promise<Answer> {
    const response = await outbound.stream(withCredential(request, used))
    return REFUSALS.includes(response.status) ? readAhead(response) : unread(response)
  }

  /** Whoever has used up what a connection may cause is told what Samsung said. */
  async function replaceOrKeep(refused: HandOut): Promise<HandOut> {
    try {
      return await replace(refused)
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'rate_limited') return refused
      throw error
    }
  }
}

const isRefused = (answer: Answer): boolean =>
  REFUSALS.includes(answer.status) && refusesCredential(answer.status, wholeText(answer))

function withCredential(request: ProxyRequest, handOut: HandOut): StreamRequest {
  const { body, headers, ...rest } = request
  const length = 'kept' in body ? body.kept?.length : (body.length ?? undefined)
  return {
    ...rest,
    headers: [
      ...headers,
      ...['accept-encoding', 'identity', 'user-agent', 'knoxgate'],
      ...(length === undefined ? [] : ['content-length', String(length)]),
      ...Object.entries(credentialHeaders(handOut)).flat(),
    ],
    body: 'kept' in body ? body.kept : body.stream,
  }
}
