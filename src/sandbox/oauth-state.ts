import type { AccountId } from './accounts.ts'
import type { Delivery } from './record.ts'

/** The three apps of Knox OAuth 2.0 that are registered (protocol.md 7.1). */
export type OauthClientName = 'portal' | 'customer' | 'msp'

/** An authorization code (protocol.md 7.2), keyed by its value. */
export interface OauthCode {
  readonly client: OauthClientName
  readonly accountId: AccountId
  readonly redirectUri: string
  readonly scope: string
  /** RFC 7636 §4.2, always S256. */
  readonly codeChallenge: string
  /** In ms since the epoch, as are the others. */
  readonly expiresAt: number
  /** What came of it; `null` while it is good or was never used. */
  readonly grantId: string | null
  /** Used, or void because the consent was taken back. */
  readonly spent: boolean
}

/** What a client may do; every token descends from one. */
export interface OauthGrant {
  readonly client: OauthClientName
  /** Who consented; `null` for client credentials. */
  readonly accountId: AccountId | null
  readonly scope: string
  /** What ended it and all tokens of it: `request` is the revocation endpoint. */
  readonly revokedBy: 'consent' | 'reuse' | 'request' | null
  /** How often its refresh token was replaced. */
  readonly rotations: number
  /** `null` without a refresh token. */
  readonly newestRefreshToken: string | null
}

export interface OauthAccessToken {
  readonly grantId: string
  readonly expiresAt: number
  /** Revoked alone, its grant may live on. */
  readonly revoked: boolean
}

export interface OauthRefreshToken {
  readonly grantId: string
  readonly expiresAt: number
  readonly spent: boolean
  /** How often it was presented, whatever came of it. */
  readonly presentations: number
  /** How the answer that carried it fared. */
  readonly delivery: Delivery
}

/** Everything about Knox OAuth 2.0; codes and tokens are keyed by their value, grants by an id. */
export interface OauthState {
  readonly codes: Map<string, OauthCode>
  readonly grants: Map<string, OauthGrant>
  readonly accessTokens: Map<string, OauthAccessToken>
  readonly refreshTokens: Map<string, OauthRefreshToken>
  /** Scopes that an administrator has allowed the portal. */
  readonly consents: Map<AccountId, ReadonlySet<string>>
}

/** Makes an empty state. */
export const createOauthState = (): OauthState => ({
  codes: new Map(),
  grants: new Map(),
  accessTokens: new Map(),
  refreshTokens: new Map(),
  consents: new Map(),
})
