import type { AccountId } from '../accounts.ts'
import type { EpochMs, State } from '../state.ts'
import type { Actions } from './control-request.ts'

/** Does what a control request asked for besides settings. */
export function applyActions(state: State, actions: Actions, now: EpochMs): void {
  if (actions.revokeConsent !== undefined) revokeConsent(state, actions.revokeConsent)
  if (actions.expireAccessTokens === true) endAll(state.accessTokens, now)
  if (actions.expireKcsTokens === true) endAll(state.kcsTokens, now)
  if (actions.forgetTokens === true) {
    for (const known of [state.codes, state.accessTokens, state.refreshTokens, state.kcsTokens]) {
      known.clear()
    }
  }
}

function revokeConsent(state: State, accountId: AccountId): void {
  state.consents.delete(accountId)
  change(state.codes, accountId, { spent: true })
  change(state.accessTokens, accountId, { revoked: true })
  change(state.refreshTokens, accountId, { status: 'revoked' })
  change(state.kcsTokens, accountId, { revoked: true })
}

function change<T extends { readonly accountId: AccountId }>(
  known: Map<string, T>,
  accountId: AccountId,
  end: Partial<T>,
): void {
  for (const [value, old] of known) {
    if (old.accountId === accountId) known.set(value, { ...old, ...end })
  }
}

function endAll<T extends { readonly expiresAt: EpochMs }>(
  known: Map<string, T>,
  now: EpochMs,
): void {
  for (const [value, old] of known) {
    if (old.expiresAt > now) known.set(value, { ...old, expiresAt: now })
  }
}
