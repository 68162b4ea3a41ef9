import { ACCOUNTS } from '../accounts.ts'
import type { Settings } from '../settings.ts'
import type { IssuedTokens } from './tokens.ts'

/** Writes a token response (protocol.md 2.5), with the oddities that are set. */
export function tokenResponse(tokens: IssuedTokens, settings: Settings): Record<string, unknown> {
  const account = ACCOUNTS[tokens.accountId]
  const lifetime = (seconds: number) => (settings.numbersAsStrings ? String(seconds) : seconds)
  return {
    access_token: tokens.accessToken,
    ...(settings.tokenType === 'absent' ? {} : { token_type: settings.tokenType }),
    access_token_expires_in: lifetime(tokens.accessTokenSeconds),
    expires_in: lifetime(tokens.accessTokenSeconds),
    ...refreshFields(tokens.refreshToken, settings.refreshToken, lifetime),
    userId: account.userId,
    inputEmailID: account.email,
    ...(settings.scope === 'null' ? { scope: null } : {}),
  }
}

function refreshFields(
  refreshToken: IssuedTokens['refreshToken'],
  variant: Settings['refreshToken'],
  lifetime: (seconds: number) => number | string,
): Record<string, unknown> {
  if (refreshToken !== null) {
    return {
      refresh_token: refreshToken.value,
      refresh_token_expires_in: lifetime(refreshToken.seconds),
    }
  }
  if (variant === 'absent' || variant === 'string') return {}
  return { refresh_token: UNUSABLE[variant], refresh_token_expires_in: lifetime(-1) }
}

/** What stands where a refresh token would; `-1` is Samsung's own example. */
const UNUSABLE = { '-1': -1, number: 4711, empty: '' } as const
