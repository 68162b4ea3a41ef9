import type { SamsungAccountProgram } from '../config/config.ts'
import { requestKcsToken } from './kcs-token.ts'
import type { KnoxKind } from './kind.ts'
import { observed } from './observe.ts'
import { type SignedTokenDeps, signCredential, verifyCredential } from './signed-token.ts'

export interface SamsungAccountKindDeps extends SignedTokenDeps {
  readonly program: SamsungAccountProgram
}

/**
 * Creates the kind `samsung-account`: a Samsung Account access token, signed together with the Client
 * Identifier, is exchanged at `accessTokenOAuth2` for a Knox token, which is signed in turn.
 *
 * What is signed bears Samsung's time as far as it is known, and what comes of it ends by ours.
 *
 * @see protocol.md 3.2 to 3.4
 */
export function createSamsungAccountKind(deps: SamsungAccountKindDeps): KnoxKind {
  const { program, credentials, clock, observe } = deps
  const claim = program.knox.idpTokenClaim
  return {
    mint: (idpAccessToken) =>
      observed('mint', clock, observe, () =>
        credentials.exchange(async (used) => {
          const token = await requestKcsToken(deps, used, { claim, value: idpAccessToken })
          return signCredential(deps, used.key, token)
        }),
      ),
    verify: (credential) =>
      observed('verify', clock, observe, () => verifyCredential(deps, credential)),
  }
}
