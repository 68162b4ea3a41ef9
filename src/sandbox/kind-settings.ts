import { integer, oneOf, type Rules, rule } from './control/rules.ts'

/** How this Samsung treats programs that need nobody's consent (protocol.md 6). */
export interface KindSettings {
  /**
   * The Client Identifier that the MSP program has now: a new one voids the one before at once.
   * `null`: that of the registration.
   */
  readonly mspClientIdentifier: string | null
  /** As above, of the customer program. */
  readonly customerClientIdentifier: string | null
  /** How many customers the MSP manages; their ids count up from 4700000001. */
  readonly managedTenants: number
  /** Ids of customers that the MSP manages no longer. */
  readonly delinkedTenants: readonly string[]
  /** What an expired Knox token is answered with: Samsung's table, or Samsung's text. */
  readonly expiryCode: '4032251' | '403225'
}

/** The behaviour that the documentation shows. */
export const DEFAULT_KIND_SETTINGS: KindSettings = {
  mspClientIdentifier: null,
  customerClientIdentifier: null,
  managedTenants: 3,
  delinkedTenants: [],
  expiryCode: '4032251',
}

/** A Client Identifier that takes the place of the registered one. */
export const clientIdentifier = rule<string | null>(
  'a text of 1 to 2000 characters, or null',
  (value) => value === null || (typeof value === 'string' && value !== '' && value.length <= 2000),
)

/** What a control request may say. */
export const KIND_SETTING_RULES: Rules<KindSettings> = {
  mspClientIdentifier: clientIdentifier,
  customerClientIdentifier: clientIdentifier,
  managedTenants: integer(0, 100_000),
  delinkedTenants: rule<readonly string[]>(
    'an array of customer ids',
    (value) => Array.isArray(value) && value.every((id) => typeof id === 'string'),
  ),
  expiryCode: oneOf('4032251', '403225'),
}
