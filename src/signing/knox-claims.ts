import { v1 } from 'uuid'
import type { Secret } from '../shared/secret.ts'
import type { EpochMs } from '../shared/time.ts'
import type { JwtClaims } from './signer.ts'

/** The single audience of every JWT for Knox (protocol.md 3.3). */
const KNOX_AUDIENCE = 'KnoxWSM'
/** Life of a signature, in seconds: thirty minutes, as in Samsung's own library. */
const SIGNATURE_LIFETIME_SECONDS = 1800

interface CommonInput {
  /** Base64 without line breaks, exactly as it is sent beside the JWT. */
  readonly publicKey: string
  readonly issuedAt: EpochMs
  /** From `newJti`, for this one JWT: Knox refuses a second use with 4002250. */
  readonly jti: string
}

/**
 * Claims of a Client Identifier JWT, which carries the Samsung Account access token where there is one.
 *
 * The members and their order are those of `knox-token-library-js`, with the identity provider's
 * token after `clientIdentifier`.
 *
 * @see protocol.md 3.3
 */
export function clientIdentifierClaims(
  input: CommonInput & {
    readonly clientIdentifier: Secret
    /** The identity provider's token, and the name of its claim: a setting, for Samsung documents none. */
    readonly idp: { readonly claim: string; readonly value: Secret } | null
  },
): JwtClaims {
  return {
    clientIdentifier: input.clientIdentifier.reveal(),
    ...(input.idp === null ? {} : { [input.idp.claim]: input.idp.value.reveal() }),
    ...commonClaims(input),
  }
}

/** Claims around an access token as Knox issued it; signed, they are the `x-knox-apitoken`. */
export function accessTokenClaims(
  input: CommonInput & { readonly accessToken: Secret },
): JwtClaims {
  return { accessToken: input.accessToken.reveal(), ...commonClaims(input) }
}

/** When a signature made at `issuedAt` ends: its `exp`, which is in whole seconds. */
export const signatureExpiresAt = (issuedAt: EpochMs): EpochMs => expiryOf(issuedAt) * 1000

/**
 * Makes the `jti` of one JWT: two version 1 UUIDs (RFC 9562 §5.1), one after the other, as Samsung's
 * library does. Unique across processes by their random node ids; not secret.
 */
export const newJti = (): string => v1() + v1()

const expiryOf = (issuedAt: EpochMs): number =>
  Math.floor(issuedAt / 1000) + SIGNATURE_LIFETIME_SECONDS

const commonClaims = ({ publicKey, issuedAt, jti }: CommonInput): JwtClaims => ({
  publicKey,
  iat: Math.floor(issuedAt / 1000),
  exp: expiryOf(issuedAt),
  aud: KNOX_AUDIENCE,
  jti,
})
