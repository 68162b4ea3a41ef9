import { Secret } from '../shared/secret.ts'
import { accessTokenClaims, newJti, signatureExpiresAt } from '../signing/knox-claims.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { ask, isSuccess, judgeAnswer, type KnoxAccess } from './ask.ts'
import type { ProgramCredentials } from './credentials.ts'
import {
  type KcsAccessToken,
  type KcsTokenDeps,
  publicKeyFor,
  requestKcsToken,
} from './kcs-token.ts'
import type { KnoxCredential, KnoxKind } from './kind.ts'
import { type KnoxObserver, observed } from './observe.ts'
import { API_TOKEN_HEADER } from './wire.ts'

export interface SamsungAccountKindDeps extends KcsTokenDeps {
  readonly credentials: ProgramCredentials
  readonly observe?: KnoxObserver
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
  const { credentials, clock, observe } = deps
  return {
    mint: (idpAccessToken) =>
      observed('mint', clock, observe, () =>
        credentials.exchange(async (used) =>
          signCredential(deps, used.key, await requestKcsToken(deps, used, idpAccessToken)),
        ),
      ),
    verify: (credential) => observed('verify', clock, observe, () => verify(deps, credential)),
  }
}

async function signCredential(
  { program, clock, samsungClock }: KcsTokenDeps,
  { pair, signer }: SigningKey,
  token: KcsAccessToken,
): Promise<KnoxCredential> {
  const correctionMs = samsungClock.correctionMs()
  const issuedAt = clock() + correctionMs
  const claims = accessTokenClaims({
    accessToken: token.value,
    publicKey: publicKeyFor(program, pair),
    issuedAt,
    jti: newJti(),
  })
  return {
    headerName: API_TOKEN_HEADER,
    value: new Secret(await signer.sign(claims)),
    expiresAt: Math.min(token.expiresAt, signatureExpiresAt(issuedAt) - correctionMs),
  }
}

async function verify(access: KnoxAccess, credential: KnoxCredential): Promise<void> {
  const { knox } = access.program
  const response = await ask(access, {
    method: 'GET',
    url: knox.baseUrl + knox.verifyPath,
    headers: { [credential.headerName]: credential.value.reveal(), accept: 'application/json' },
  })
  if (!isSuccess(response)) throw judgeAnswer(access, 'verify', response)
}
