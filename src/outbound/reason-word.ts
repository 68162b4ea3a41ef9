import type { OutboundReason } from './outbound.ts'

type ReasonWord = 'unreachable' | 'timeout' | 'malformed'

const WORDS: Readonly<Record<OutboundReason, ReasonWord>> = {
  unreachable: 'unreachable',
  timeout: 'timeout',
  too_large: 'malformed',
  unreadable: 'malformed',
  redirected: 'malformed',
  host_not_allowed: 'unreachable',
  address_not_allowed: 'unreachable',
}

/** The `reason` that errors about Samsung give for a request without a usable answer. */
export const wordFor = (reason: OutboundReason): ReasonWord => WORDS[reason]
