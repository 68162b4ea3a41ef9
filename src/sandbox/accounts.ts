/** The two customers of the sandbox; their Knox data differ. */
export type OrganisationId = 'fernhill' | 'marlow'
/** The two administrators, one of each organisation. */
export type AccountId = 'ada' | 'ben'

export interface Organisation {
  readonly id: OrganisationId
  readonly name: string
  /** Knox customer ID, at most 64 letters and digits (protocol.md 5.1). */
  readonly customerId: string
}

/** A Samsung account: somebody who can sign in and consent for an organisation. */
export interface Account {
  readonly id: AccountId
  readonly name: string
  /** Samsung's `inputEmailID`. */
  readonly email: string
  /** Samsung's `userId`. */
  readonly userId: string
  readonly organisation: OrganisationId
}

/** Every organisation by its id. */
export const ORGANISATIONS: Readonly<Record<OrganisationId, Organisation>> = {
  fernhill: { id: 'fernhill', name: 'Fernhill Logistics', customerId: '4600000017' },
  marlow: { id: 'marlow', name: 'Marlow Retail', customerId: '4600000042' },
}

/** Every administrator by their id. */
export const ACCOUNTS: Readonly<Record<AccountId, Account>> = {
  ada: {
    id: 'ada',
    name: 'Ada Lindqvist',
    email: 'ada@fernhill.example',
    userId: 'q7ada2k9xw',
    organisation: 'fernhill',
  },
  ben: {
    id: 'ben',
    name: 'Ben Okafor',
    email: 'ben@marlow.example',
    userId: 'm3ben8r5tz',
    organisation: 'marlow',
  },
}

/** Tells whether text names one of the administrators. */
export const isAccountId = (text: unknown): text is AccountId =>
  typeof text === 'string' && Object.hasOwn(ACCOUNTS, text)

/** Tells whether text names one of the organisations. */
export const isOrganisationId = (text: unknown): text is OrganisationId =>
  typeof text === 'string' && Object.hasOwn(ORGANISATIONS, text)
