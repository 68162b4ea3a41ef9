import { ServiceError } from '../shared/errors.ts'
import { within } from '../shared/time.ts'
import { classifyFailure, type RedisFailure } from './redis-errors.ts'
import { parseWrite } from './redis-replies.ts'
import type { WriteOptions, WriteResult } from './store.ts'
import type { RedisClient } from './store-redis-client.ts'
import type { RedisLink } from './store-redis-link.ts'

/** One compare-and-set, as it goes over the wire. */
export interface Write {
  readonly key: string
  readonly revision: number
  readonly text: string
  readonly writeId: string
  readonly options: WriteOptions
}

/** Sends a write once. @throws ServiceError when it was not sent, or what the client throws. */
export type SendWrite = (write: Write) => Promise<WriteResult>

const unavailable = (): ServiceError =>
  new ServiceError('store_unavailable', { retryAfterSeconds: 1 })

/** The client gives up after `timeoutMs` by itself, and then knows more; in a cluster it may try on. */
const GRACE_MS = 100

const AMBIGUOUS: WriteResult = { outcome: 'ambiguous', durable: false }

/** Whole ms: what Redis cannot read as a number would be found out after the document is written. */
const lifetimeOf = ({ expiresInMs }: WriteOptions): number | '' =>
  expiresInMs === undefined ? '' : Math.ceil(expiresInMs)

/** Key and arguments of the script. */
export const argumentsOf = ({ key, revision, text, writeId, options }: Write) =>
  [key, revision, text, writeId, options.version ?? '', lifetimeOf(options)] as const

/** Creates the sender for a store without replicas to wait for. */
export function createSend(client: RedisClient): SendWrite {
  return async (write) => {
    const reply = await client.kgCompareAndSet(...argumentsOf(write))
    const { outcome, serverNow } = parseWrite(reply)
    // What the one server has applied is as durable as was asked for.
    return { outcome, serverNow, durable: write.options.durable === true && outcome !== 'lost' }
  }
}

/** A way to Redis, and how writes are sent on it. */
export interface WriteRoute {
  readonly link: RedisLink
  readonly send: SendWrite
}

/** Sends once more what may have been applied: the script says which, if the answer is in time. */
async function sendAgain(route: WriteRoute, write: Write, withinMs: number): Promise<WriteResult> {
  const answered = async (): Promise<WriteResult> => {
    try {
      return (await route.link.becomesReady(withinMs)) ? await route.send(write) : AMBIGUOUS
    } catch {
      return AMBIGUOUS
    }
  }
  return within(withinMs, answered(), AMBIGUOUS)
}

/**
 * Writes, and makes sure of the outcome as far as the time budget allows.
 *
 * @param timeoutMs - For everything, the second sending included.
 * @param report - Told of a failure that is about to become a `ServiceError` or a second sending.
 * @throws ServiceError `store_unavailable` only when it is certain that nothing was applied: the
 * server refused the only sending there was, or there was none.
 */
export async function writeToRedis(
  route: WriteRoute,
  write: Write,
  timeoutMs: number,
  report: (failure: RedisFailure) => void,
): Promise<WriteResult> {
  const { link, send } = route
  const startedAt = performance.now()
  const losses = link.losses()
  if (!link.isReady()) throw unavailable()
  try {
    return await within(timeoutMs + GRACE_MS, send(write), AMBIGUOUS)
  } catch (error) {
    if (error instanceof ServiceError) throw error
    const failure = classifyFailure(error)
    report(failure)
    const sentOnce = link.losses() === losses
    if (failure.kind !== 'unknown' && sentOnce) throw unavailable()
  }
  const leftMs = timeoutMs - (performance.now() - startedAt)
  return leftMs > 0 ? sendAgain(route, write, leftMs) : AMBIGUOUS
}
