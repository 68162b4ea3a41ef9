import type { SamsungAccountProgram } from '../config/config.ts'

/**
 * Builds the `signInGate` address of one attempt (protocol.md 2.2, RFC 6749 §4.1.1).
 *
 * Everything but `state` and `locale` is constant per program. `authorize_params` of the
 * configuration adds parameters and replaces none.
 */
export function authorizationUrl(
  {
    authorizeUrl,
    clientId,
    responseType,
    authorizeParams,
  }: SamsungAccountProgram['samsungAccount'],
  {
    redirectUri,
    state,
    locale,
  }: {
    readonly redirectUri: string
    readonly state: string
    readonly locale?: string | undefined
  },
): string {
  const url = new URL(authorizeUrl)
  url.searchParams.set('client_id', clientId)
  url.searchParams.set('response_type', responseType)
  url.searchParams.set('redirect_uri', redirectUri)
  url.searchParams.set('state', state)
  if (locale !== undefined) url.searchParams.set('locale', locale)
  for (const [name, value] of Object.entries(authorizeParams)) {
    if (!url.searchParams.has(name)) url.searchParams.append(name, value)
  }
  return url.href
}
