import type { Sandbox } from '../sandbox.ts'
import type { Expected } from './config-entries.ts'
import { furtherVariables } from './further-entries.ts'
import type { FurtherKind } from './start-options.ts'

const RANDOM = `"$(node -p "crypto.randomBytes(32).toString('base64')")"`

/** The environment for knoxgate beside the sandbox, as lines for a shell. */
export function environmentLines(
  sandbox: Sandbox,
  expected: Expected,
  kinds: readonly FurtherKind[] = [],
): readonly string[] {
  const { client, knox } = sandbox.registration
  return [
    'export KNOXGATE_MODE=development',
    `export PUBLIC_URL=${expected.publicUrl} PORT=${expected.port} ADMIN_PORT=8081`,
    'export REDIS_URL=memory: CONFIG_DIR=config',
    `export VAULT_KEYS=k1:${RANDOM}`,
    `export API_KEY_PEPPER=${RANDOM}`,
    `export ADMIN_TOKEN=${RANDOM}`,
    `export SANDBOX_CLIENT_SECRET=${client.clientSecret}`,
    `export SANDBOX_CLIENT_IDENTIFIER=${knox.clientIdentifier}`,
    ...kinds.flatMap((kind) => furtherVariables(sandbox, kind)),
  ]
}

/** One command per control, each of which works as it stands. */
export function controlLines(url: string, kinds: readonly FurtherKind[] = []): readonly string[] {
  const post = (path: string, body: object): string =>
    `curl -sS ${url}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  const control = (body: object) => post('/__control', body)
  return [
    ...CONTROLS.map(control),
    ...(kinds.length > 0 ? KIND_CONTROLS : []).map(control),
    `curl -sS ${url}/__control`,
    post('/__faults', { on: 'token', times: 1, do: { kind: 'delay', ms: 3000 } }),
    `curl -sS ${url}/__faults`,
    `curl -sS -X DELETE ${url}/__faults`,
    `curl -sS ${url}/__record`,
    `curl -sS -X DELETE ${url}/__record`,
  ]
}

const CONTROLS: readonly object[] = [
  { redirectUris: ['http://localhost:8080/callback/sandbox'] },
  { callbackShape: 'form_post' },
  { denial: 'closed' },
  { authServerUrl: 'evil.example', apiServerUrl: 'evil.example' },
  { rotation: 'none' },
  { rotation: 'grace', rotationGraceSeconds: 30 },
  { accessTokenLifetimeSeconds: 60, refreshTokenLifetimeSeconds: 3600 },
  { refreshToken: '-1' },
  { numbersAsStrings: true, tokenType: 'absent', scope: 'null' },
  { errorShape: 'code_only' },
  { basicAuthentication: true },
  { clientSecretAccepted: false },
  { publicKeyAccepted: false },
  { publicKeys: null },
  { clientIdentifier: 'the-one-that-was-made-just-now' },
  { clientIdentifier: null },
  { clockSkewSeconds: 0 },
  { clockOffsetSeconds: 120 },
  { codeShape: 'array' },
  { trust: { fernhill: false } },
  { revokeConsent: 'ada' },
  { expireAccessTokens: true },
  { expireKcsTokens: true },
  { forgetTokens: true },
]

/** Controls that concern the further kinds only. */
const KIND_CONTROLS: readonly object[] = [
  { mspClientIdentifier: 'the-one-that-was-made-just-now' },
  { mspClientIdentifier: null, customerClientIdentifier: null },
  { managedTenants: 100 },
  { delinkedTenants: ['4700000002'] },
  { expiryCode: '403225' },
  { oauthCodeLifetimeSeconds: 10, oauthAccessTokenLifetimeSeconds: 60 },
  { oauthRefreshTokenLifetimeSeconds: 3600 },
  { oauthRotation: 'reuse_revokes' },
  { oauthGrantedScope: 'kme' },
  { expireOauthTokens: true },
]
