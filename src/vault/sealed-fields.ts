import { ServiceError } from '../shared/errors.ts'
import type { DataKey } from './envelope.ts'
import { type Connection, type ConsentBinding, hasConsent } from './record.ts'
import { openAccessToken, openEmail, openKnoxToken, openRefreshToken } from './token-seal.ts'

/** How each sealed text of a binding is opened; the value is dropped. */
const OPENERS: Readonly<Record<string, (dataKey: DataKey, binding: ConsentBinding) => unknown>> = {
  access_token: openAccessToken,
  refresh_token: openRefreshToken,
  previous_refresh_token: openPreviousRefreshToken,
  knox_token: openKnoxToken,
  account_email: openEmail,
}

function openPreviousRefreshToken(dataKey: DataKey, binding: ConsentBinding): unknown {
  const { previous } = binding.tokenSet
  if (previous === undefined) return null
  return openRefreshToken(dataKey, { ...binding, tokenSet: { ...binding.tokenSet, ...previous } })
}

/**
 * Opens every sealed text of a connection where it stands, and forgets it at once.
 *
 * A binding without consent has none.
 *
 * @returns Names of those that do not open, `<binding>.<field>`; empty when all is well.
 */
export const unreadableFields = (dataKey: DataKey, { bindings }: Connection): readonly string[] =>
  bindings.filter(hasConsent).flatMap((binding) =>
    Object.entries(OPENERS)
      .filter(([, open]) => !opens(() => open(dataKey, binding)))
      .map(([field]) => `${binding.id}.${field}`),
  )

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'record_unreadable') return false
    throw error
  }
}
