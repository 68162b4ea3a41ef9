import type { ReceivedTokens } from '../samsung-account/tokens.ts'
import { Secret } from '../shared/secret.ts'
import type { SealedTokens } from './commit-transitions.ts'
import type { DataKey } from './envelope.ts'
import type { ConsentBinding } from './record.ts'

const ACCESS_TOKEN = 'access_token'
const REFRESH_TOKEN = 'refresh_token'
const KNOX_TOKEN = 'knox_token'
const ACCOUNT_EMAIL = 'account_email'

/**
 * Seals what Samsung sent for the generation it will be stored as.
 *
 * @param spent - The refresh token that brought these; kept when Samsung sent no other (RFC 6749 §6).
 */
export function sealTokens(
  dataKey: DataKey,
  binding: string,
  generation: number,
  received: ReceivedTokens,
  spent?: Secret,
): SealedTokens {
  const refreshToken = received.refreshToken ?? spent
  const rotated = received.refreshToken !== undefined && spent !== undefined
  const { refreshExpiresAt } = received
  const seal = (field: string, value: Secret) =>
    dataKey.seal({ binding, field, generation }, value.reveal())
  return {
    rotated: rotated && received.refreshToken?.reveal() !== spent?.reveal(),
    accessToken: seal(ACCESS_TOKEN, received.accessToken),
    accessExpiresAt: received.accessExpiresAt,
    issuedAt: received.receivedAt,
    ...(refreshToken === undefined ? {} : { refreshToken: seal(REFRESH_TOKEN, refreshToken) }),
    ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
  }
}

/** @throws ServiceError `record_unreadable` */
export function openAccessToken(dataKey: DataKey, { id, tokenSet }: ConsentBinding): Secret {
  const { accessToken, generation } = tokenSet
  return new Secret(dataKey.open({ binding: id, field: ACCESS_TOKEN, generation }, accessToken))
}

/** The refresh token, or null when Samsung gave none. @throws ServiceError `record_unreadable` */
export function openRefreshToken(
  dataKey: DataKey,
  { id, tokenSet }: ConsentBinding,
): Secret | null {
  const { refreshToken, generation } = tokenSet
  if (refreshToken === undefined) return null
  return new Secret(dataKey.open({ binding: id, field: REFRESH_TOKEN, generation }, refreshToken))
}

export function sealKnoxToken(
  dataKey: DataKey,
  binding: string,
  generation: number,
  value: Secret,
): string {
  return dataKey.seal({ binding, field: KNOX_TOKEN, generation }, value.reveal())
}

/** The cached Knox token's value, or null when there is none. @throws ServiceError `record_unreadable` */
export function openKnoxToken(dataKey: DataKey, { id, knoxToken }: ConsentBinding): Secret | null {
  if (knoxToken === undefined) return null
  const { generation, value } = knoxToken
  return new Secret(dataKey.open({ binding: id, field: KNOX_TOKEN, generation }, value))
}

/** The address is personal data, not a token: it stays when tokens change, so generation 0. */
export const sealEmail = (dataKey: DataKey, binding: string, email: string): string =>
  dataKey.seal({ binding, field: ACCOUNT_EMAIL, generation: 0 }, email)

/** @throws ServiceError `record_unreadable` */
export function openEmail(dataKey: DataKey, { id, account }: ConsentBinding): string | undefined {
  if (account?.email === undefined) return undefined
  return dataKey.open({ binding: id, field: ACCOUNT_EMAIL, generation: 0 }, account.email)
}
