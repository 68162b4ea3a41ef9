import type { Sandbox } from '../sandbox.ts'
import { ACCESS_TOKEN_PATH, endpointUrls } from '../urls.ts'

/** Where knoxgate is expected, as its first redirect URI says. */
export interface Expected {
  /** Origin of knoxgate's public listener. */
  readonly publicUrl: string
  readonly port: string
  readonly programId: string
}

/** Reads from `PUBLIC_URL/callback/{program}` what the other settings must be. */
export function expectedBy(redirectUri: string | undefined): Expected {
  const url = new URL(redirectUri ?? 'http://localhost:8080/callback/sandbox')
  const [, programId = 'sandbox'] = /^\/callback\/([\w-]+)$/.exec(url.pathname) ?? []
  return { publicUrl: url.origin, port: url.port === '' ? '8080' : url.port, programId }
}

/** The entry for `config/programs.json` that makes knoxgate use the sandbox. */
export function programEntry(sandbox: Sandbox, programId: string, keysPath: string): object {
  const { client, knox } = sandbox.registration
  const urls = endpointUrls(sandbox)
  return {
    id: programId,
    kind: 'samsung-account',
    region: 'eu',
    client_identifier: { env: 'SANDBOX_CLIENT_IDENTIFIER' },
    keys: { file: keysPath },
    samsung_account: {
      authorize_url: urls.signInGate,
      token_url: urls.token,
      client_id: client.clientId,
      client_secret: { env: 'SANDBOX_CLIENT_SECRET' },
      response_type: 'CODE',
      partner_id: knox.partnerId,
    },
    knox: {
      base_url: sandbox.url,
      access_token_path: ACCESS_TOKEN_PATH,
      idp_token_claim: knox.idpTokenClaim,
      validity_minutes: 30,
    },
  }
}

/** The entry for `config/portals.json`; its API key comes from knoxgate's CLI. */
export const portalEntry = (...programIds: readonly string[]): object => ({
  id: 'sandbox-portal',
  name: 'Sandbox Portal',
  return_urls: ['http://localhost:3000/knox/return'],
  reconnect_url: 'http://localhost:3000/knox/connect',
  programs: programIds,
  api_keys: [],
})
