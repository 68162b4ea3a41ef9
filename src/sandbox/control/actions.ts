import { revokeConsent } from '../revocation.ts'
import type { EpochMs, State } from '../state.ts'
import type { Actions } from './control-request.ts'

/** Does what a control request asked for besides settings. */
export function applyActions(state: State, actions: Actions, now: EpochMs): void {
  if (actions.revokeConsent !== undefined) revokeConsent(state, actions.revokeConsent)
  if (actions.expireAccessTokens === true) endAll(state.accessTokens, now)
  if (actions.expireKcsTokens === true) {
    endAll(state.kcsTokens, now)
    endAll(state.programTokens, now)
  }
  if (actions.expireOauthTokens === true) endAll(state.oauth.accessTokens, now)
  if (actions.forgetTokens === true) {
    const { codes, accessTokens, refreshTokens, kcsTokens, programTokens, families } = state
    const all = [codes, accessTokens, refreshTokens, kcsTokens, programTokens, families]
    for (const known of all) known.clear()
    const { oauth } = state
    for (const known of [oauth.codes, oauth.accessTokens, oauth.refreshTokens, oauth.grants]) {
      known.clear()
    }
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
