import { Secret } from '../shared/secret.ts'
import { accessTokenClaims, newJti, signatureExpiresAt } from '../signing/knox-claims.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { ask, isSuccess, judgeAnswer, type KnoxAccess } from './ask.ts'
import type { ProgramCredentials } from './credentials.ts'
import { type KcsAccessToken, type KcsTokenDeps, publicKeyFor } from './kcs-token.ts'
import { credentialHeaders, type KnoxCredential, type UsedCredential } from './kind.ts'
import type { KnoxObserver } from './observe.ts'
import { API_TOKEN_HEADER } from './wire.ts'

/** What every kind with signed tokens is made of. */
export interface SignedTokenDeps extends KcsTokenDeps {
  readonly credentials: ProgramCredentials
  readonly observe?: KnoxObserver
}

/** Signs a Knox token as it was received; signed, it is what Knox takes (protocol.md 3.3). */
export async function signCredential(
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

/** Makes the program's cheap read. @throws KnoxError */
export async function verifyCredential(
  access: KnoxAccess,
  credential: UsedCredential,
): Promise<void> {
  const { knox } = access.program
  const response = await ask(access, {
    method: 'GET',
    url: knox.baseUrl + knox.verifyPath,
    headers: { ...credentialHeaders(credential), accept: 'application/json' },
  })
  if (!isSuccess(response)) throw judgeAnswer(access, 'verify', response)
}
