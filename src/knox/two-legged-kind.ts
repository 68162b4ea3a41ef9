import type { TwoLeggedProgram } from '../config/config.ts'
import type { ExchangeCredentials } from './credentials.ts'
import { type KcsAccessToken, requestKcsToken } from './kcs-token.ts'
import { KnoxError, type TwoLeggedKind } from './kind.ts'
import { observed } from './observe.ts'
import { type SignedTokenDeps, signCredential, verifyCredential } from './signed-token.ts'

export interface TwoLeggedKindDeps extends SignedTokenDeps {
  readonly program: TwoLeggedProgram
}

/**
 * Creates the kinds `knox-msp` and `knox-customer`: the signed Client Identifier alone is exchanged at
 * `/ams/v1/users/accesstoken` for a Knox token, which is signed in turn.
 *
 * @see protocol.md 6
 */
export function createTwoLeggedKind(deps: TwoLeggedKindDeps): TwoLeggedKind {
  const { credentials, clock, observe } = deps
  return {
    mint: () =>
      observed('mint', clock, observe, () =>
        credentials.exchange(async (used) =>
          signCredential(deps, used.key, await requestToken(deps, used)),
        ),
      ),
    verify: (credential) =>
      observed('verify', clock, observe, () => verifyCredential(deps, credential)),
  }
}

/** No customer takes part: what is refused for want of permission is meant for the program itself. */
async function requestToken(
  deps: TwoLeggedKindDeps,
  used: ExchangeCredentials,
): Promise<KcsAccessToken> {
  try {
    return await requestKcsToken(deps, used, null)
  } catch (error) {
    const isOurs = error instanceof KnoxError && ['trust', 'idp_token'].includes(error.kind)
    if (!isOurs) throw error
    throw new KnoxError('operator', error.reason, error.upstream, error.retryAfterSeconds)
  }
}
