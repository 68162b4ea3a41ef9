import type { Program } from '../config/config.ts'
import { toRfc3339 } from '../shared/time.ts'
import type { HandOut } from '../vault/token-source.ts'

/** The one answer meant to carry a credential, serialised once per hand-out. */
export type TokenAnswer = (handOut: HandOut) => Buffer

/** Creates the serialiser; the same hand-out gives the same buffer. */
export function createTokenAnswer(programs: ReadonlyMap<string, Program>): TokenAnswer {
  const serialised = new WeakMap<HandOut, Buffer>()

  return (handOut) => {
    const known = serialised.get(handOut)
    if (known !== undefined) return known
    const answer = {
      headers: { [handOut.headerName]: handOut.value.reveal() },
      base_url: programs.get(handOut.programId)?.knox.baseUrl,
      expires_at: toRfc3339(handOut.expiresAt),
      token_id: handOut.tokenId,
    }
    const body = Buffer.from(JSON.stringify(answer))
    serialised.set(handOut, body)
    return body
  }
}
