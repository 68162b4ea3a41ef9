import type { Program } from '../config/config.ts'
import type { Secret } from '../shared/secret.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import type { KeyPair } from '../signing/key-pair.ts'
import { clientIdentifierClaims, newJti } from '../signing/knox-claims.ts'
import { ask, isSuccess, judgeAnswer, type KnoxAccess } from './ask.ts'
import type { ExchangeCredentials } from './credentials.ts'
import { mayBlameClock, NON_UNIQUE_JTI } from './failure.ts'
import { KnoxError } from './kind.ts'
import { accessTokenRequestBody, readAccessToken, readTokenExpiry } from './wire.ts'

/** What Samsung gives when no validity is asked for (protocol.md 3.2). */
const DEFAULT_VALIDITY_MINUTES = 30

/** A Knox token as received, still to be signed. */
export interface KcsAccessToken {
  readonly value: Secret
  /** By our clock. */
  readonly expiresAt: EpochMs
}

export interface KcsTokenDeps extends KnoxAccess {
  readonly clock: Clock
}

/** The identity provider's token that goes along: three-legged programs have one. */
export interface IdpToken {
  readonly claim: string
  readonly value: Secret
}

/**
 * Exchanges the Client Identifier for a Knox token, together with a Samsung Account access token where
 * the program has one.
 *
 * An exchange spends nothing, so it is repeated once where something else can be sent: a new `jti`
 * for a used one, and other times when the refusal has told us what Samsung's clock says.
 *
 * @throws KnoxError
 */
export async function requestKcsToken(
  deps: KcsTokenDeps,
  credentials: ExchangeCredentials,
  idp: IdpToken | null,
): Promise<KcsAccessToken> {
  const correctionMs = deps.samsungClock.correctionMs()
  try {
    return await requestOnce(deps, credentials, idp, correctionMs)
  } catch (error) {
    if (!(error instanceof KnoxError)) throw error
    const learntMs = deps.samsungClock.correctionMs()
    const canTellBetterTime = mayBlameClock(error) && learntMs !== correctionMs
    if (!canTellBetterTime && !isUsedJti(error)) throw error
    return requestOnce(deps, credentials, idp, learntMs)
  }
}

const isUsedJti = ({ kind, upstream }: KnoxError): boolean =>
  kind === 'unknown' && upstream.code === NON_UNIQUE_JTI

async function requestOnce(
  deps: KcsTokenDeps,
  { clientIdentifier, key }: ExchangeCredentials,
  idp: IdpToken | null,
  correctionMs: number,
): Promise<KcsAccessToken> {
  const { knox } = deps.program
  const publicKey = publicKeyFor(deps.program, key.pair)
  const claims = clientIdentifierClaims({
    clientIdentifier,
    idp,
    publicKey,
    issuedAt: deps.clock() + correctionMs,
    jti: newJti(),
  })
  const response = await ask(deps, {
    method: 'POST',
    url: knox.baseUrl + knox.accessTokenPath,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: accessTokenRequestBody({
      publicKey,
      clientIdentifierJwt: await key.signer.sign(claims),
      validityMinutes: knox.validityMinutes,
    }),
  })
  const value = isSuccess(response) ? readAccessToken(response.body) : null
  if (value === null) throw judgeAnswer(deps, 'mint', response)
  const validityMs = (knox.validityMinutes ?? DEFAULT_VALIDITY_MINUTES) * 60_000
  return { value, expiresAt: localExpiry(deps, value) ?? response.requestedAt + validityMs }
}

/** `exp` is by Samsung's clock, of which the answer that brought it has just told. */
function localExpiry({ samsungClock }: KcsTokenDeps, token: Secret): EpochMs | null {
  const expiresAt = readTokenExpiry(token)
  return expiresAt === null ? null : expiresAt - samsungClock.correctionMs()
}

/** The public key in the form in which the program is to show it. */
export const publicKeyFor = ({ knox }: Program, pair: KeyPair): string =>
  knox.publicKeyFormat === 'verbatim' ? pair.publicKeyVerbatim : pair.publicKeySpki
