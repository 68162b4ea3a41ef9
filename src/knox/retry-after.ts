import type { OutboundResponse } from '../outbound/outbound.ts'

/** Longer waits are Samsung's to repeat. */
const MAX_SECONDS = 300

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, counted from when the answer arrived.
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
  const at = /^[A-Z][a-z]{2}, .* GMT$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) return undefined
  return Math.min(Math.max(0, Math.ceil((at - receivedAt) / 1000)), MAX_SECONDS)
}
