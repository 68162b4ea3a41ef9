import { ERRORS } from '../shared/errors.ts'
import { CONNECTION_STATUSES } from '../vault/status.ts'
import type { JsonObject } from './openapi-requests.ts'

const string = (description: string, more: JsonObject = {}) =>
  ({ type: 'string', ...more, description }) as const
const time = (description: string) =>
  string(`${description} RFC 3339, UTC.`, { format: 'date-time' })
const boolean = (description: string) => ({ type: 'boolean', description }) as const

/** Ids as `shared/ids.ts` makes them. */
export const CONNECTION_ID = { type: 'string', pattern: '^conn_[0-9a-hjkmnp-tv-z]{32}$' } as const
export const SESSION_ID = { type: 'string', pattern: '^cs_[0-9a-hjkmnp-tv-z]{32}$' } as const

const OWNER = { enum: ['portal', 'customer', 'operator', 'samsung'] }

/** An object whose members not marked `?` are always there. More may be added, none renamed. */
function object(members: Readonly<Record<string, JsonObject>>): JsonObject {
  const names = Object.keys(members)
  return {
    type: 'object',
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(
      names.map((name) => [name.replace('?', ''), members[name]] as const),
    ),
  }
}

const connection = object({
  id: CONNECTION_ID,
  status: string('Whether the portal can work with it. trust_missing is advice.', {
    enum: [...CONNECTION_STATUSES],
  }),
  'status_reason?': string('Why, in one word; absent while active.'),
  program: string('Id of the program.'),
  kind: string('Kind of the program.', {
    enum: ['samsung-account', 'knox-msp', 'knox-customer'],
  }),
  tenant_ref: string("The portal's own id of the customer."),
  'tenant_name?': string('As the portal gave it.'),
  account: {
    description: 'Who signed in; null when Samsung did not say, or nobody signs in.',
    oneOf: [
      object({ id: string("Samsung's userId."), 'email?': string('As Samsung gave it.') }),
      { type: 'null' },
    ],
  },
  'managed_tenant_id?': string("Samsung's id of the managed customer, for knox-msp."),
  renewable: boolean('Whether it outlives its present access token.'),
  'consent_expires_at?': time('When the customer must sign in again, as far as Samsung said.'),
  'trust?': string('What the last verify found; absent before the first.', {
    enum: ['present', 'missing'],
  }),
  created_at: time('When it was made: with consent, when the customer first gave it.'),
  updated_at: time('When the record last changed.'),
  'last_error?': object({
    at: time('When.'),
    code: string('One of the codes of a problem document.'),
    owner: string('Who has to act.', OWNER),
    'upstream_code?': string("Samsung's code."),
    'error_id?': string("For Samsung's support."),
  }),
  'connect_url?': string("With consent_required: the portal's registered reconnect_url.", {
    format: 'uri',
  }),
})

const problem = object({
  type: string('urn:knoxgate:error: and the code.'),
  title: string('The same sentence for every error of the code.'),
  status: { type: 'integer', description: 'The HTTP status.' },
  'detail?': string('What exactly is wrong. Never holds a value of the request.'),
  code: string('What to branch on. Codes are added, never renamed.', { enum: Object.keys(ERRORS) }),
  retryable: boolean('Whether the same request can succeed later by itself.'),
  owner: string('Who has to act.', OWNER),
  trace_id: string('Id of the request in the log.', { pattern: '^[0-9a-f]{32}$' }),
  'errors?': {
    type: 'array',
    description: 'One entry per broken rule.',
    items: object({ field: string('JSON pointer or parameter.'), rule: string('The rule.') }),
  },
  'connection_id?': string('The connection it is about.'),
  'connect_url?': string('Where to send the customer.', { format: 'uri' }),
  'partner_id?': string('What the customer has to enter in their Knox portal.'),
  'customer_message?': string('What the portal can tell its customer, word for word.'),
  'upstream?': object({
    service: string('Which Samsung service.', { enum: ['samsung-account', 'knox'] }),
    'status?': { type: 'integer', description: 'Its HTTP status.' },
    'code?': string('Its code.'),
    'message?': string('Its message, as far as it is safe to repeat.'),
    'error_id?': string("For Samsung's support."),
  }),
})

const SESSION_STATUSES = [
  'pending',
  'awaiting_completion',
  'completed',
  'denied',
  'expired',
  'failed',
]

/** The response bodies, by the name they have among the document's schemas. */
export const RESPONSE_SCHEMAS: Readonly<Record<string, JsonObject>> = {
  Connection: connection,
  Problem: problem,
  NewSession: object({
    id: SESSION_ID,
    status: { const: 'pending' },
    connect_url: string('One-time address for the browser of the customer.', { format: 'uri' }),
    expires_at: time('Until then the browser must be back from Samsung.'),
  }),
  ConnectSession: object({
    id: SESSION_ID,
    status: string('Where the attempt stands.', { enum: SESSION_STATUSES }),
    expires_at: time('Until then the browser must be back from Samsung.'),
    'complete_by?': time('With awaiting_completion: until then complete must be called.'),
    'connection_id?': CONNECTION_ID,
    'error?': string('Why it was denied or failed.'),
  }),
  ConnectionPage: object({
    data: { type: 'array', items: { $ref: '#/components/schemas/Connection' } },
    next_cursor: {
      type: ['string', 'null'],
      description: 'cursor of the next page; null at the end.',
    },
  }),
  Token: object({
    headers: {
      type: 'object',
      description: 'Send these with the call to Knox. Secret.',
      additionalProperties: { type: 'string' },
    },
    base_url: string('Origin of the Knox APIs for this connection.', { format: 'uri' }),
    expires_at: time('The token is of no use after that.'),
    token_id: string('A fingerprint, for rejected.'),
  }),
  Verification: object({
    trust: { const: 'present' },
    checked_at: time('When Knox was asked.'),
    connection: { $ref: '#/components/schemas/Connection' },
  }),
  Deletion: object({
    id: CONNECTION_ID,
    upstream_revoked: boolean('Whether Samsung was told; no way to do so is documented.'),
    customer_message: string('What the customer can do about what remains at Samsung.'),
  }),
  ProbeStatus: object({ status: string('One word.', { enum: ['live', 'ready', 'not_ready'] }) }),
}
