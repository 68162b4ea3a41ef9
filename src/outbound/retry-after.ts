import { parseHttpDate } from './http-date.ts'
import type { OutboundResponse } from './outbound.ts'

/** Longer waits are Samsung's to repeat. */
const MAX_SECONDS = 300

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
 *
 * A date is counted from the answer's own `Date`, because both are by Samsung's clock; from when it
 * arrived if it has none, or one that a cache has kept.
 *
 * @returns Whole seconds, 0 to 300; `undefined` when there is no such header or it makes no sense.
 */
export function readRetryAfterSeconds({
  headers,
  receivedAt,
}: Pick<OutboundResponse, 'headers' | 'receivedAt'>): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_SECONDS)
  const at = parseHttpDate(text)
  if (at === null) return undefined
  const sentAt = headers.has('age') ? null : parseHttpDate(headers.get('date') ?? '')
  return Math.min(Math.max(0, Math.ceil((at - (sentAt ?? receivedAt)) / 1000)), MAX_SECONDS)
}
