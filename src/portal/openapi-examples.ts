import { toProblem } from '../http/problem.ts'
import { type ErrorCode, type ProblemExtras, ServiceError } from '../shared/errors.ts'
import type { JsonObject } from './openapi-requests.ts'

const CONNECTION_ID = 'conn_06da4mzb00eav2t91dk7q4k6t36w01gt'
const SESSION_ID = 'cs_7k2mzq04xw3vnb5t9drc8h1gjepys6fa'
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const RECONNECT_URL = `https://console.acme.example/knox/connect?connection_id=${CONNECTION_ID}`

const connection = {
  id: CONNECTION_ID,
  status: 'active',
  program: 'emm-eu',
  kind: 'samsung-account',
  tenant_ref: 'cust-1001',
  tenant_name: 'Fernhill Logistics',
  account: { id: 'q7ada2k9xw', email: 'ada@fernhill.example' },
  renewable: true,
  consent_expires_at: '2027-02-18T09:30:00.000Z',
  trust: 'present',
  created_at: '2026-11-20T09:30:00.000Z',
  updated_at: '2026-11-20T09:31:12.482Z',
}

/** One example per schema, by the schema's name. Tests hold each against its schema. */
export const EXAMPLES = {
  NewConnectSession: {
    program: 'emm-eu',
    tenant_ref: 'cust-1001',
    tenant_name: 'Fernhill Logistics',
    return_url: 'https://console.acme.example/knox/return',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  },
  NewConnection: {
    program: 'msp-us',
    tenant_ref: 'cust-2001',
    tenant_name: 'Marlow Retail',
    managed_tenant_id: '4712-0815-ab',
  },
  Completion: {
    result_code: 'nNnGzAD6vmzOCfsTiEjKGXgeJrGqGYjtbWyWIbVlO9s',
    code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  },
  TokenRequest: { min_ttl_seconds: 300 },
  Empty: {},
  NewSession: {
    id: SESSION_ID,
    status: 'pending',
    connect_url: `https://connect.example.com/connect/${SESSION_ID}`,
    expires_at: '2026-11-20T09:40:00.000Z',
  },
  ConnectSession: {
    id: SESSION_ID,
    status: 'awaiting_completion',
    expires_at: '2026-11-20T09:40:00.000Z',
    complete_by: '2026-11-20T09:34:41.105Z',
  },
  Connection: connection,
  ConnectionPage: { data: [connection], next_cursor: null },
  Token: {
    headers: { 'x-knox-apitoken': 'eyJhbGciOiJSUzUxMiIsInR5cCI6IkpXVCJ9.….…' },
    base_url: 'https://eu-kcs-api.samsungknox.com',
    expires_at: '2026-11-20T10:01:12.000Z',
    token_id: '7YHf_MsKOiqhVi-9',
  },
  Verification: { trust: 'present', checked_at: '2026-11-20T09:31:12.482Z', connection },
  Deletion: {
    id: CONNECTION_ID,
    upstream_revoked: false,
    customer_message:
      'Remove the portal from your Samsung Account and from your Knox admin portal to withdraw the permission there as well.',
  },
  ProbeStatus: { status: 'ready' },
} as const satisfies Readonly<Record<string, JsonObject>>

/** What the remedy of an error needs, where a bare problem document would not show it. */
const EXTRAS: Partial<Readonly<Record<ErrorCode, ProblemExtras>>> = {
  invalid_request: {
    detail: '/tenant_ref must be 1 to 256 characters',
    errors: [{ field: '/tenant_ref', rule: 'must be 1 to 256 characters' }],
  },
  consent_required: { connectionId: CONNECTION_ID, connectUrl: RECONNECT_URL },
  connection_exists: { connectionId: CONNECTION_ID },
  account_mismatch: { connectionId: CONNECTION_ID },
  trust_missing: {
    connectionId: CONNECTION_ID,
    partnerId: '1234567890',
    customerMessage:
      'Sign in to your Knox admin portal and enter partner ID 1234567890 to let the portal in.',
    upstream: { service: 'knox', status: 403, code: '40300000', message: 'AUTHORIZATION_FAIL' },
  },
  upstream_refused_client: {
    connectionId: CONNECTION_ID,
    upstream: { service: 'samsung-account', status: 400, code: 'AUT_1702' },
  },
}

/** The problem document of a code, made by the code that answers with it. */
export const problemExample = (code: ErrorCode): object =>
  toProblem(new ServiceError(code, EXTRAS[code]), { traceId: TRACE_ID }).body
