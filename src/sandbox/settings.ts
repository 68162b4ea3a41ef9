import { isOrganisationId, type OrganisationId } from './accounts.ts'
import { flag, integer, object, oneOf, type Rules, rule } from './control/rules.ts'
import { isPublicKey } from './keys.ts'
import {
  clientIdentifier,
  DEFAULT_KIND_SETTINGS,
  KIND_SETTING_RULES,
  type KindSettings,
} from './kind-settings.ts'
import {
  DEFAULT_OAUTH_SETTINGS,
  OAUTH_SETTING_RULES,
  type OauthSettings,
} from './oauth-settings.ts'

/** How this Samsung behaves, where the real one varies or is unknown, and what tests provoke. */
export interface Settings extends KindSettings, OauthSettings {
  /** Where a browser may be sent back to, compared as whole strings. */
  readonly redirectUris: readonly string[]
  /** The three deliveries of protocol.md 2.3. */
  readonly callbackShape: 'query' | 'form_post' | 'json_code'
  readonly denial: 'access_denied' | 'closed'
  /** Sent to the browser as `auth_server_url`; `null` is the sandbox's own host. */
  readonly authServerUrl: string | null
  readonly apiServerUrl: string | null
  /**
   * What a refresh does to the refresh token that was presented, and what a spent one meets.
   *
   * - `none`: it stays the refresh token.
   * - `rotate`: it is spent; presented again, it is refused.
   * - `grace`: as `rotate`, but for `rotationGraceSeconds` the same exchange may be repeated.
   * - `reuse_revokes`: as `rotate`, and one that is presented again ends its whole family
   *   (RFC 9700 §4.14.2).
   */
  readonly rotation: 'none' | 'rotate' | 'grace' | 'reuse_revokes'
  /** How long after it was spent a refresh token may be presented again, with `grace`. */
  readonly rotationGraceSeconds: number
  readonly accessTokenLifetimeSeconds: number
  readonly refreshTokenLifetimeSeconds: number
  /** What stands in `refresh_token`; only `string` can be refreshed with. */
  readonly refreshToken: 'string' | 'absent' | '-1' | 'number' | 'empty'
  /** Lifetimes as `"3600"` instead of `3600` (protocol.md 2.5). */
  readonly numbersAsStrings: boolean
  readonly tokenType: 'Bearer' | 'absent'
  readonly scope: 'absent' | 'null'
  readonly errorShape: 'rfc' | 'code_only' | 'xml'
  /** Whether the client may authenticate with HTTP Basic instead of in the body. */
  readonly basicAuthentication: boolean
  /** `false`: the registered client secret is refused as a wrong one is, for both grants. */
  readonly clientSecretAccepted: boolean
  /** `false`: the registered public keys are refused as unknown ones are, wherever a JWT goes. */
  readonly publicKeyAccepted: boolean
  /** The public keys that Knox knows now, in any encoding. `null`: those of the registration. */
  readonly publicKeys: readonly string[] | null
  /**
   * The Client Identifier that the portal has now: a new one voids the one before at once. `null`: that of
   * the registration.
   */
  readonly clientIdentifier: string | null
  /** How far `iat` may lie in the future. */
  readonly clockSkewSeconds: number
  readonly codeShape: 'number' | 'string' | 'array'
  /** Whether an organisation has entered the portal's Knox partner ID (protocol.md 4). */
  readonly trust: Readonly<Record<OrganisationId, boolean>>
  /** Added to the sandbox's clock, its `Date` header included. */
  readonly clockOffsetSeconds: number
}

/** The behaviour that the documentation shows, or else that was observed most. */
export const DEFAULT_SETTINGS: Settings = {
  redirectUris: [],
  callbackShape: 'query',
  denial: 'access_denied',
  authServerUrl: null,
  apiServerUrl: null,
  rotation: 'rotate',
  rotationGraceSeconds: 30,
  accessTokenLifetimeSeconds: 3_600,
  refreshTokenLifetimeSeconds: 7_776_000,
  refreshToken: 'string',
  numbersAsStrings: false,
  tokenType: 'Bearer',
  scope: 'absent',
  errorShape: 'rfc',
  basicAuthentication: false,
  clientSecretAccepted: true,
  publicKeyAccepted: true,
  publicKeys: null,
  clientIdentifier: null,
  clockSkewSeconds: 60,
  codeShape: 'number',
  trust: { fernhill: true, marlow: true },
  clockOffsetSeconds: 0,
  ...DEFAULT_KIND_SETTINGS,
  ...DEFAULT_OAUTH_SETTINGS,
}

/** A setting may be any text here: hostile hosts are what it is for. */
const hostText = rule<string | null>(
  'a text of at most 500 characters',
  (value) => value === null || (typeof value === 'string' && value.length <= 500),
)

const redirectUri = (value: unknown): boolean => {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  return /^https?:$/.test(new URL(value).protocol) && !value.includes('#')
}

/** What a control request may say; `trust` names only the organisations that change. */
export const SETTING_RULES: Rules<
  Omit<Settings, 'trust'> & { readonly trust: Partial<Settings['trust']> }
> = {
  redirectUris: rule<readonly string[]>(
    'an array of absolute http or https URLs without fragment',
    (value) => Array.isArray(value) && value.every(redirectUri),
  ),
  callbackShape: oneOf('query', 'form_post', 'json_code'),
  denial: oneOf('access_denied', 'closed'),
  authServerUrl: hostText,
  apiServerUrl: hostText,
  rotation: oneOf('none', 'rotate', 'grace', 'reuse_revokes'),
  rotationGraceSeconds: integer(0, 86_400),
  accessTokenLifetimeSeconds: integer(1, 31_536_000),
  refreshTokenLifetimeSeconds: integer(1, 31_536_000),
  refreshToken: oneOf('string', 'absent', '-1', 'number', 'empty'),
  numbersAsStrings: flag,
  tokenType: oneOf('Bearer', 'absent'),
  scope: oneOf('absent', 'null'),
  errorShape: oneOf('rfc', 'code_only', 'xml'),
  basicAuthentication: flag,
  clientSecretAccepted: flag,
  publicKeyAccepted: flag,
  publicKeys: rule<readonly string[] | null>(
    'an array of RSA public keys of at least 1024 bits, or null',
    (value) => value === null || (Array.isArray(value) && value.every(isPublicKey)),
  ),
  clientIdentifier,
  clockSkewSeconds: integer(0, 86_400),
  codeShape: oneOf('number', 'string', 'array'),
  trust: rule<Partial<Settings['trust']>>(
    'an object of organisation id and true or false',
    (value) =>
      object(value) &&
      Object.entries(value).every(([id, on]) => isOrganisationId(id) && typeof on === 'boolean'),
  ),
  clockOffsetSeconds: integer(-31_536_000, 31_536_000),
  ...KIND_SETTING_RULES,
  ...OAUTH_SETTING_RULES,
}
