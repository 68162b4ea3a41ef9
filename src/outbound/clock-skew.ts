import type { EpochMs } from '../shared/time.ts'
import type { ResponseFact } from './exchange.ts'
import { parseHttpDate } from './http-date.ts'

/**
 * Estimates how far a server's clock is ahead of ours from its `Date` header.
 *
 * The header was cut to whole seconds, so half a second is added; the server is taken to have written
 * it in the middle between request and answer.
 *
 * @returns Server minus local time in ms, or `null` when the header or the times make no sense.
 */
export function estimateSkew(
  dateHeader: string,
  requestedAt: EpochMs,
  receivedAt: EpochMs,
): number | null {
  const date = parseHttpDate(dateHeader)
  if (date === null || receivedAt < requestedAt) return null
  return Math.round(date + 500 - (requestedAt + receivedAt) / 2)
}

/**
 * Reads the skew out of an answer that its server made for us just now.
 *
 * A cache repeats the date of what it keeps, and says so by `Age` (RFC 9111 §5.1). Redirects, 407 and
 * 5xx are what something in between may have written, with a clock of its own.
 *
 * @returns `null` when the answer says nothing about the server's clock.
 */
export function readSkew(fact: ResponseFact): number | null {
  const { status, dateHeader, cached, requestedAt, receivedAt } = fact
  const isOwn = status < 300 || (status >= 400 && status < 500 && status !== 407)
  if (!isOwn || cached || dateHeader === undefined) return null
  return estimateSkew(dateHeader, requestedAt, receivedAt)
}
