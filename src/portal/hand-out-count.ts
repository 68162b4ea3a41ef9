import type { Audit } from '../audit/audit.ts'
import type { HandOut } from '../vault/hand-out.ts'
import type { Principal } from './authenticate.ts'

/** Tells the audit trail that a caller got a token, without waiting: most of them are counted only. */
export type CountHandOut = (
  caller: Pick<Principal, 'portal' | 'apiKeyId'>,
  connectionId: string,
  handOut: HandOut,
) => void

/** Creates the counter. Each key is told once at once for each token it gets, and then as a count. */
export const createCountHandOut =
  (audit: Pick<Audit, 'tally'>): CountHandOut =>
  ({ portal, apiKeyId }, connectionId, { programId, tokenId }) =>
    audit.tally('hand_out', `${apiKeyId} ${connectionId} ${tokenId}`, () => ({
      event: 'token_handed_out',
      portalId: portal.id,
      programId,
      connectionId,
      tokenId,
      // The shortest way to a token knows of no request.
      actor: { kind: 'portal', portalId: portal.id, apiKeyId },
    }))
