import type { SamsungAccountProgram } from '../config/config.ts'
import {
  type Outbound,
  OutboundError,
  type OutboundRequest,
  type OutboundResponse,
} from '../outbound/outbound.ts'
import { Secret } from '../shared/secret.ts'
import type { Clock, EpochMs } from '../shared/time.ts'
import {
  accessTokenClaims,
  clientIdentifierClaims,
  newJti,
  signatureExpiresAt,
} from '../signing/knox-claims.ts'
import type { Signer } from '../signing/signer.ts'
import { knoxRefusal, knoxSilence, NON_UNIQUE_JTI } from './failure.ts'
import { type KnoxCredential, KnoxError, type KnoxKind } from './kind.ts'
import { type KnoxObserver, observed } from './observe.ts'
import {
  API_TOKEN_HEADER,
  accessTokenRequestBody,
  readAccessToken,
  readTokenExpiry,
} from './wire.ts'

export interface SamsungAccountKindDeps {
  readonly program: SamsungAccountProgram
  /** Signs with the program's key. */
  readonly signer: Signer
  readonly outbound: Outbound
  readonly clock: Clock
  readonly observe?: KnoxObserver
}

/** What Samsung gives when no validity is asked for (protocol.md 3.2). */
const DEFAULT_VALIDITY_MINUTES = 30

/**
 * Creates the kind `samsung-account`: a Samsung Account access token, signed together with the Client
 * Identifier, is exchanged at `accessTokenOAuth2` for a Knox token, which is signed in turn.
 *
 * @see protocol.md 3.2 to 3.4
 */
export function createSamsungAccountKind(deps: SamsungAccountKindDeps): KnoxKind {
  const { clock, observe } = deps
  return {
    mint: (idpAccessToken) =>
      observed('mint', clock, observe, async () =>
        signCredential(deps, await requestToken(deps, idpAccessToken)),
      ),
    verify: (credential) => observed('verify', clock, observe, () => verify(deps, credential)),
  }
}

/** A Knox token as received, still to be signed. */
interface KcsAccessToken {
  readonly value: Secret
  readonly expiresAt: EpochMs
}

async function requestToken(
  deps: SamsungAccountKindDeps,
  idpAccessToken: Secret,
): Promise<KcsAccessToken> {
  try {
    return await requestTokenOnce(deps, idpAccessToken)
  } catch (error) {
    const isUsedJti =
      error instanceof KnoxError &&
      error.kind === 'unknown' &&
      error.upstream.code === NON_UNIQUE_JTI
    if (!isUsedJti) throw error
    return requestTokenOnce(deps, idpAccessToken)
  }
}

async function requestTokenOnce(
  deps: SamsungAccountKindDeps,
  idpAccessToken: Secret,
): Promise<KcsAccessToken> {
  const { clientIdentifier, knox } = deps.program
  const publicKey = publicKeyFor(deps.program)
  const claims = clientIdentifierClaims({
    clientIdentifier,
    idpTokenClaim: knox.idpTokenClaim,
    idpAccessToken,
    publicKey,
    issuedAt: deps.clock(),
    jti: newJti(),
  })
  const response = await ask(deps.outbound, {
    method: 'POST',
    url: knox.baseUrl + knox.accessTokenPath,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: accessTokenRequestBody({
      publicKey,
      clientIdentifierJwt: await deps.signer.sign(claims),
      validityMinutes: knox.validityMinutes,
    }),
  })
  const value = isSuccess(response) ? readAccessToken(response.body) : null
  if (value === null) throw knoxRefusal('mint', response, knox.trustErrorCodes)
  const validityMs = (knox.validityMinutes ?? DEFAULT_VALIDITY_MINUTES) * 60_000
  return { value, expiresAt: readTokenExpiry(value) ?? response.requestedAt + validityMs }
}

async function signCredential(
  { program, signer, clock }: SamsungAccountKindDeps,
  token: KcsAccessToken,
): Promise<KnoxCredential> {
  const issuedAt = clock()
  const claims = accessTokenClaims({
    accessToken: token.value,
    publicKey: publicKeyFor(program),
    issuedAt,
    jti: newJti(),
  })
  return {
    headerName: API_TOKEN_HEADER,
    value: new Secret(await signer.sign(claims)),
    expiresAt: Math.min(token.expiresAt, signatureExpiresAt(issuedAt)),
  }
}

async function verify(
  { program: { knox }, outbound }: SamsungAccountKindDeps,
  credential: KnoxCredential,
): Promise<void> {
  const response = await ask(outbound, {
    method: 'GET',
    url: knox.baseUrl + knox.verifyPath,
    headers: { [credential.headerName]: credential.value.reveal(), accept: 'application/json' },
  })
  if (!isSuccess(response)) throw knoxRefusal('verify', response, knox.trustErrorCodes)
}

async function ask(outbound: Outbound, request: OutboundRequest): Promise<OutboundResponse> {
  try {
    return await outbound.request(request)
  } catch (error) {
    throw error instanceof OutboundError ? knoxSilence(error) : error
  }
}

const isSuccess = ({ status }: OutboundResponse): boolean => status >= 200 && status < 300

const publicKeyFor = ({ keys, knox }: SamsungAccountProgram): string =>
  knox.publicKeyFormat === 'verbatim' ? keys.publicKeyVerbatim : keys.publicKeySpki
