import type { Program } from '../config/config.ts'
import { credentialHeaders } from '../knox/kind.ts'
import { toRfc3339 } from '../shared/time.ts'
import type { HandOut } from '../vault/hand-out.ts'

/**
 * The one answer meant to carry a credential: JSON in ASCII only, so that its length is the number
 * of its bytes, and Node sends it in one piece with the headers.
 */
export type TokenAnswer = (handOut: HandOut) => string

/** Everything beyond ASCII, by UTF-16 code unit, as JSON escapes it (RFC 8259 §7). */
const BEYOND_ASCII = /[^\0-\x7f]/g

/** Creates the serialiser: it works once per hand-out, and keeps what it made as long as that. */
export function createTokenAnswer(programs: ReadonlyMap<string, Program>): TokenAnswer {
  const serialised = new WeakMap<HandOut, string>()

  return (handOut) => {
    const known = serialised.get(handOut)
    if (known !== undefined) return known
    const answer = {
      headers: credentialHeaders(handOut),
      base_url: programs.get(handOut.programId)?.knox.baseUrl,
      expires_at: toRfc3339(handOut.expiresAt),
      token_id: handOut.tokenId,
    }
    const body = JSON.stringify(answer).replace(BEYOND_ASCII, escapeUnit)
    serialised.set(handOut, body)
    return body
  }
}

const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
