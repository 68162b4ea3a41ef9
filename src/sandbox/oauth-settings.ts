import { integer, oneOf, type Rules, rule } from './control/rules.ts'

/** How Knox OAuth 2.0 behaves (protocol.md 7.3), where it can be configured or is unknown. */
export interface OauthSettings {
  readonly oauthCodeLifetimeSeconds: number
  /** `expires_in` says one second less, as in Samsung's example. */
  readonly oauthAccessTokenLifetimeSeconds: number
  readonly oauthRefreshTokenLifetimeSeconds: number
  /**
   * What a spent refresh token meets.
   *
   * - `rotate`: it is refused.
   * - `reuse_revokes`: it is refused and ends its grant (RFC 9700 §4.14.2); so does a spent code.
   */
  readonly oauthRotation: 'rotate' | 'reuse_revokes'
  /** The scopes that are granted of those that are asked for. `null`: all. */
  readonly oauthGrantedScope: string | null
}

/** The documented defaults. */
export const DEFAULT_OAUTH_SETTINGS: OauthSettings = {
  oauthCodeLifetimeSeconds: 60,
  oauthAccessTokenLifetimeSeconds: 600,
  oauthRefreshTokenLifetimeSeconds: 7_776_000,
  oauthRotation: 'rotate',
  oauthGrantedScope: null,
}

/** What a control request may say; shorter lives than Samsung allows are there for tests. */
export const OAUTH_SETTING_RULES: Rules<OauthSettings> = {
  oauthCodeLifetimeSeconds: integer(1, 300),
  oauthAccessTokenLifetimeSeconds: integer(1, 3_600),
  oauthRefreshTokenLifetimeSeconds: integer(1, 7_776_000),
  oauthRotation: oneOf('rotate', 'reuse_revokes'),
  oauthGrantedScope: rule<string | null>(
    'scopes separated by spaces, or null',
    (value) => value === null || (typeof value === 'string' && value.length <= 500),
  ),
}
