import { derive } from '../derive.ts'
import type { KeysFile } from '../keys.ts'
import type { OauthClientName } from '../oauth-state.ts'

/** An app of the Knox Developer Portal (protocol.md 7.1). */
export interface OauthClient {
  readonly clientId: string
  readonly clientSecret: string
  /** What it may ask for; a wider scope permits the narrower ones. */
  readonly scopes: readonly string[]
  readonly grantTypes: readonly GrantType[]
}

export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials'

const SCOPES: Readonly<Record<OauthClientName, readonly string[]>> = {
  portal: ['kme', 'kc', 'openid', 'email'],
  customer: ['kme', 'kc', 'kai'],
  msp: ['kme', 'kc', 'msp'],
}

/** Registers the three apps; ids and secrets are derived, so that they outlive a restart. */
export const createOauthClients = (
  keys: KeysFile,
): Readonly<Record<OauthClientName, OauthClient>> => ({
  portal: createClient(keys, 'portal', ['authorization_code', 'refresh_token']),
  customer: createClient(keys, 'customer', ['client_credentials']),
  msp: createClient(keys, 'msp', ['client_credentials']),
})

const createClient = (
  keys: KeysFile,
  name: OauthClientName,
  grantTypes: readonly GrantType[],
): OauthClient => ({
  clientId: `kx${derive(keys, `oauth ${name} id`).toString('hex', 0, 8)}`,
  clientSecret: derive(keys, `oauth ${name} secret`).toString('base64url'),
  scopes: SCOPES[name],
  grantTypes,
})
