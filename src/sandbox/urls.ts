import type { Context } from './context.ts'

/** Path of `accessTokenOAuth2` (protocol.md 3.2: the first candidate). */
export const ACCESS_TOKEN_PATH = '/ams/v1/users/customer/accesstokenOAuth2'

/** Path of the token endpoint (protocol.md 2.5: as observed). */
export const TOKEN_PATH = '/auth/oauth2/token'

/** Paths of the two lists of Knox Mobile Enrollment (protocol.md 5.2). */
export const PROFILES_PATH = '/kcs/v1/kme/profiles/list'
export const DEVICES_PATH = '/kcs/v1/kme/devices/list'

/** Path of `accesstoken`, for programs that need nobody's consent (protocol.md 3.2, 6). */
export const PROGRAM_TOKEN_PATH = '/ams/v1/users/accesstoken'

/** Paths of Knox OAuth 2.0 (protocol.md 7). */
export const AUTHORIZE_PATH = '/ams/v1/oauth2/authorize'
export const OAUTH_TOKEN_PATH = '/ams/v1/oauth2/token'
export const REVOKE_PATH = '/ams/v1/oauth2/revoke'

/** Path of the list of an MSP's customers (protocol.md 6.1). */
export const MANAGED_CUSTOMERS_PATH = '/msp/v1/managedCustomers'

/** Path of the list of devices of Knox Guard (protocol.md 5.4; this one as observed). */
export const GUARD_DEVICES_PATH = '/kcs/v1.1/kg/devices/list'

/** Path of a page of Samsung Account for the registered alias (protocol.md 2.2, 2.4). */
export const gatePath = (alias: string, gate: 'signInGate' | 'signOutGate'): string =>
  `/accounts/v1/${encodeURIComponent(alias)}/${gate}`

/** Addresses of everything that is imitated, by the names that Samsung uses. */
export interface EndpointUrls {
  readonly signInGate: string
  readonly signOutGate: string
  readonly token: string
  readonly accessTokenOAuth2: string
  readonly profiles: string
  readonly devices: string
}

/** Lists the addresses under the sandbox's origin. */
export function endpointUrls({
  url,
  registration,
}: Pick<Context, 'url' | 'registration'>): EndpointUrls {
  const { alias } = registration.client
  return {
    signInGate: url + gatePath(alias, 'signInGate'),
    signOutGate: url + gatePath(alias, 'signOutGate'),
    token: url + TOKEN_PATH,
    accessTokenOAuth2: url + ACCESS_TOKEN_PATH,
    profiles: url + PROFILES_PATH,
    devices: url + DEVICES_PATH,
  }
}

/** Lists the addresses that only programs of the further kinds use. */
export const furtherUrls = ({ url }: Pick<Context, 'url'>): Readonly<Record<string, string>> => ({
  accesstoken: url + PROGRAM_TOKEN_PATH,
  authorize: url + AUTHORIZE_PATH,
  oauthToken: url + OAUTH_TOKEN_PATH,
  revoke: url + REVOKE_PATH,
  managedCustomers: url + MANAGED_CUSTOMERS_PATH,
  guardDevices: url + GUARD_DEVICES_PATH,
})
