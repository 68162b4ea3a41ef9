import { type AccountId, isAccountId } from '../accounts.ts'
import { SETTING_RULES, type Settings } from '../settings.ts'
import { object, readFields, rule } from './rules.ts'

/** Things that are done once, at the moment of the request. */
export interface Actions {
  /** Takes an administrator's consent back: every code and token that came of it is void. */
  readonly revokeConsent?: AccountId | undefined
  /** Ends the life of every Samsung Account access token now. */
  readonly expireAccessTokens?: true | undefined
  /** Ends the life of every unsigned Knox token now, those of programs included. */
  readonly expireKcsTokens?: true | undefined
  /** Ends the life of every access token of Knox OAuth 2.0 now; refresh tokens stay. */
  readonly expireOauthTokens?: true | undefined
  /** Forgets every code and token, as if Samsung had lost them. */
  readonly forgetTokens?: true | undefined
}

/** Settings to change; `null` is the initial value, and `trust` may name one organisation. */
export type SettingsChange = {
  readonly [K in keyof Omit<Settings, 'trust'>]?: Settings[K] | null
} & { readonly trust?: Partial<Settings['trust']> | null }

/** A body of `POST /__control`. */
export type ControlRequest = Actions & SettingsChange

const only = rule<true>('true', (value) => value === true)

const RULES = {
  ...SETTING_RULES,
  revokeConsent: rule<AccountId>('the id of an administrator', isAccountId),
  expireAccessTokens: only,
  expireKcsTokens: only,
  expireOauthTokens: only,
  forgetTokens: only,
}

/**
 * Reads a control request as a whole, so that a bad one changes nothing.
 *
 * @returns The settings after the request, and the actions still to be done.
 * @throws ControlError naming the field and the rule.
 */
export function readControlRequest(
  value: unknown,
  current: Settings,
  initial: Settings,
): { readonly settings: Settings; readonly actions: Actions } {
  const {
    revokeConsent,
    expireAccessTokens,
    expireKcsTokens,
    expireOauthTokens,
    forgetTokens,
    trust,
    ...settings
  } = readFields(nullsToInitial(value, initial), '', RULES)
  return {
    settings: { ...current, ...settings, trust: { ...current.trust, ...trust } },
    actions: {
      revokeConsent,
      expireAccessTokens,
      expireKcsTokens,
      expireOauthTokens,
      forgetTokens,
    },
  }
}

/** JSON merge (RFC 7396 §2) says `null` for "as if it had never been set". */
function nullsToInitial(value: unknown, initial: Settings): unknown {
  if (!object(value)) return value
  const initials = new Map<string, unknown>(Object.entries(initial))
  return Object.fromEntries(
    Object.entries(value).map(([field, given]) => [
      field,
      given === null && initials.has(field) ? initials.get(field) : given,
    ]),
  )
}
