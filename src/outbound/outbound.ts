import type { EpochMs } from '../shared/time.ts'

/** One request to Samsung. Redirects are never followed, and nothing is ever sent twice. */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface OutboundResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly requestedAt: EpochMs
  readonly receivedAt: EpochMs
}

/** Why there is no answer to read. */
export type OutboundReason =
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'redirected'
  | 'host_not_allowed'
  | 'address_not_allowed'
  | 'unreadable'

/**
 * A request without a usable answer. Holds nothing of the request or the response.
 *
 * `sent` tells whether a byte of the request may have reached the other side: after `sent: false` it
 * is safe to act as if nothing had happened, after `sent: true` the outcome is unknown.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundReason
  readonly sent: boolean

  constructor(reason: OutboundReason, sent: boolean) {
    super(`outbound request failed: ${reason}`)
    this.reason = reason
    this.sent = sent
  }
}

/** The one way out of the house: hosts of the configuration only, capped in time and size. */
export interface Outbound {
  /** @throws OutboundError */
  request(request: OutboundRequest): Promise<OutboundResponse>
  close(): Promise<void>
}
