import type { OauthClientName } from '../oauth-state.ts'
import type { Sandbox } from '../sandbox.ts'
import { AUTHORIZE_PATH, OAUTH_TOKEN_PATH, PROGRAM_TOKEN_PATH, REVOKE_PATH } from '../urls.ts'
import type { Expected } from './config-entries.ts'
import type { FurtherKind } from './start-options.ts'

/** An entry for `config/programs.json`, as far as others have to know it. */
export interface FurtherEntry {
  readonly id: string
  readonly kind: FurtherKind
}

/** The entries for `config/programs.json` of one further kind. */
export function furtherEntries(
  sandbox: Sandbox,
  programId: string,
  kind: FurtherKind,
  keysPath: string,
): readonly FurtherEntry[] {
  if (kind === 'knox-oauth2') {
    return [
      oauthEntry(sandbox, oauthProgramId(programId), 'portal', 'kme openid'),
      oauthEntry(sandbox, `${oauthProgramId(programId)}-msp`, 'msp', 'kme msp'),
      oauthEntry(sandbox, `${oauthProgramId(programId)}-customer`, 'customer', 'kme'),
    ]
  }
  const name = kind === 'knox-msp' ? 'msp' : 'customer'
  const entry = {
    id: `${programId}-${name}`,
    kind,
    region: 'eu',
    client_identifier: { env: `SANDBOX_${name.toUpperCase()}_CLIENT_IDENTIFIER` },
    keys: { file: keysPath },
    knox: {
      base_url: sandbox.url,
      access_token_path: PROGRAM_TOKEN_PATH,
      validity_minutes: 30,
    },
  }
  return [entry]
}

const oauthProgramId = (programId: string): string => `${programId}-oauth2`

/** Where Knox OAuth 2.0 sends the browser back to, if knoxgate runs as the printed entries say. */
export const oauthRedirectUri = ({ publicUrl, programId }: Expected): string =>
  `${publicUrl}/callback/${oauthProgramId(programId)}`

function oauthEntry(
  { url, registration }: Sandbox,
  id: string,
  name: OauthClientName,
  scope: string,
): FurtherEntry {
  const consents = name === 'portal'
  const entry = {
    id,
    kind: 'knox-oauth2' as const,
    region: 'eu',
    oauth: {
      ...(consents ? { authorize_url: url + AUTHORIZE_PATH } : {}),
      token_url: url + OAUTH_TOKEN_PATH,
      revoke_url: url + REVOKE_PATH,
      client_id: registration.oauth[name].clientId,
      client_secret: { env: secretVariable(name) },
      scope,
      grant: consents ? 'authorization_code' : 'client_credentials',
    },
    knox: { base_url: url },
  }
  return entry
}

const secretVariable = (name: OauthClientName): string =>
  `SANDBOX_OAUTH_${name.toUpperCase()}_SECRET`

/** The variables to which the entries of a kind refer, as lines for a shell. */
export function furtherVariables({ registration }: Sandbox, kind: FurtherKind): readonly string[] {
  if (kind !== 'knox-oauth2') {
    const name = kind === 'knox-msp' ? 'msp' : 'customer'
    const { clientIdentifier } = registration.programs[name]
    return [`export SANDBOX_${name.toUpperCase()}_CLIENT_IDENTIFIER=${clientIdentifier}`]
  }
  return (['portal', 'msp', 'customer'] as const).map(
    (name) => `export ${secretVariable(name)}=${registration.oauth[name].clientSecret}`,
  )
}
