import { ServiceError } from '../shared/errors.ts'
import { sleep } from '../shared/time.ts'
import { classifyFailure, type RedisFailure } from './redis-errors.ts'
import { parseWrite } from './redis-replies.ts'
import type { WriteOptions, WriteResult } from './store.ts'
import type { RedisLink } from './store-redis-link.ts'

/** One compare-and-set, as it goes over the wire. */
export interface Write {
  readonly key: string
  readonly revision: number
  readonly text: string
  readonly writeId: string
  readonly options: WriteOptions
}

const unavailable = (): ServiceError =>
  new ServiceError('store_unavailable', { retryAfterSeconds: 1 })

const AMBIGUOUS: WriteResult = { outcome: 'ambiguous', durable: false }

/**
 * Sends the script once. A durable write is asked for on a connection of its own, because `WAIT`
 * counts the writes of its connection and holds up whatever else is on it.
 */
async function send(link: RedisLink, { key, revision, text, writeId, options }: Write) {
  const { expiresInMs } = options
  // Whole ms: what Redis cannot read as a number would be found out after the document is written.
  const lifetime = expiresInMs === undefined ? '' : Math.ceil(expiresInMs)
  const { outcome, serverNow } = parseWrite(
    await link.client.kgCompareAndSet(key, revision, text, writeId, lifetime),
  )
  // No replicas can be configured yet, so what the one server has applied is as durable as asked.
  return { outcome, serverNow, durable: options.durable === true && outcome !== 'lost' }
}

/** Sends once more what may have been applied: the script says which, if the answer is in time. */
async function sendAgain(link: RedisLink, write: Write, withinMs: number): Promise<WriteResult> {
  const answered = async (): Promise<WriteResult> => {
    try {
      return (await link.becomesReady(withinMs)) ? await send(link, write) : AMBIGUOUS
    } catch {
      return AMBIGUOUS
    }
  }
  return Promise.race([answered(), sleep(withinMs).then(() => AMBIGUOUS)])
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
  link: RedisLink,
  write: Write,
  timeoutMs: number,
  report: (failure: RedisFailure) => void,
): Promise<WriteResult> {
  const startedAt = performance.now()
  const losses = link.losses()
  if (!link.isReady()) throw unavailable()
  try {
    return await send(link, write)
  } catch (error) {
    const failure = classifyFailure(error)
    report(failure)
    const sentOnce = link.losses() === losses
    if (failure.kind !== 'unknown' && sentOnce) throw unavailable()
  }
  const leftMs = timeoutMs - (performance.now() - startedAt)
  return leftMs > 0 ? sendAgain(link, write, leftMs) : AMBIGUOUS
}
