import type { AccountId } from './accounts.ts'
import { revokeGrant } from './knox-oauth/grants.ts'
import type { Family, State } from './state.ts'

/** Takes an administrator's consent back: every code and token that came of it is void. */
export function revokeConsent(state: State, accountId: AccountId): void {
  const granted = (one: { readonly accountId: AccountId }) => one.accountId === accountId
  change(state.codes, granted, { spent: true })
  revokeTokens(state, accountId, granted, 'consent')
  change(state.oauth.codes, granted, { spent: true })
  state.oauth.consents.delete(accountId)
  for (const [id, grant] of state.oauth.grants) {
    if (grant.accountId === accountId) revokeGrant({ state }, id, 'consent')
  }
}

/**
 * Ends all tokens of a family, Knox tokens included, because one of its spent refresh tokens came
 * again (RFC 9700 §4.14.2). Other families of the administrator live on, but the next sign-in asks
 * for consent.
 */
export function revokeReused(state: State, familyId: string): void {
  const family = state.families.get(familyId)
  if (family === undefined) return
  revokeTokens(state, family.accountId, (one) => one.familyId === familyId, 'reuse')
}

interface Descendant {
  readonly accountId: AccountId
  readonly familyId: string
}

function revokeTokens(
  state: State,
  accountId: AccountId,
  concerned: (one: Descendant) => boolean,
  revokedBy: NonNullable<Family['revokedBy']>,
): void {
  state.consents.delete(accountId)
  change(state.accessTokens, concerned, { revoked: true })
  change(state.refreshTokens, concerned, { status: 'revoked' })
  change(state.kcsTokens, concerned, { revoked: true })
  for (const [familyId, family] of state.families) {
    const first = family.revokedBy === null
    if (first && concerned({ accountId: family.accountId, familyId })) {
      state.families.set(familyId, { ...family, revokedBy })
    }
  }
}

function change<T>(known: Map<string, T>, concerned: (one: T) => boolean, end: Partial<T>): void {
  for (const [value, old] of known) {
    if (concerned(old)) known.set(value, { ...old, ...end })
  }
}
