import { answer, body, openQuestion, operation } from './openapi-operations.ts'
import { proxyPaths } from './openapi-proxy.ts'
import { ON_COMPLETION, ON_CREATE, ON_RECORD, ON_TOKEN, ON_WRITE } from './openapi-refusals.ts'
import { type JsonObject, listParameters } from './openapi-requests.ts'
import { CONNECTION_ID, SESSION_ID } from './openapi-responses.ts'

/** Every route for portals and probes. @param pageLimit - Largest `limit` of a list. */
export const openApiPaths = (pageLimit: number): JsonObject => ({
  ...sessionPaths,
  ...connectionPaths(pageLimit),
  ...proxyPaths,
  '/livez': {
    get: openQuestion('live', 'Is the process alive?', {
      200: answer('It is.', 'ProbeStatus'),
    }),
  },
  '/readyz': {
    get: openQuestion('ready', 'Can it serve?', {
      200: answer('It can.', 'ProbeStatus'),
      503: answer('Not now: send no traffic here.', 'ProbeStatus'),
    }),
  },
  '/openapi.json': {
    get: openQuestion('openapi', 'This document', {
      200: {
        description: 'OpenAPI 3.1.',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
    }),
  },
})

const sessionId = { name: 'id', in: 'path', required: true, schema: SESSION_ID }
const connectionId = { name: 'id', in: 'path', required: true, schema: CONNECTION_ID }

/** draft-ietf-httpapi-idempotency-key-header. */
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A new random key for every create, the same one for its repetition: then it is done once. ' +
    '1 to 255 visible ASCII characters, in double quotes or without.',
  schema: { type: 'string', minLength: 1, maxLength: 512, pattern: '^[\\x21-\\x7e]+$' },
}

const REPLAYED = {
  description: 'true: this is the answer to an earlier call with the same Idempotency-Key.',
  schema: { type: 'string', enum: ['true'] },
}

const sessionPaths: JsonObject = {
  '/v1/connect-sessions': {
    post: operation({
      id: 'createConnectSession',
      summary: 'Begin an attempt at consent',
      scope: 'connect',
      parameters: [IDEMPOTENCY_KEY],
      body: body('NewConnectSession', 'required'),
      answers: {
        201: answer('Send the browser to connect_url.', 'NewSession', {
          Location: { description: 'Path of the session.', schema: { type: 'string' } },
          'Idempotency-Replayed': REPLAYED,
        }),
      },
      refusals: [...ON_CREATE, 'connection_exists', 'connection_frozen'],
    }),
  },
  '/v1/connect-sessions/{id}': {
    parameters: [sessionId],
    get: operation({
      id: 'getConnectSession',
      summary: 'Read how an attempt stands',
      scope: 'connect',
      answers: { 200: answer('The session.', 'ConnectSession') },
      refusals: ON_RECORD,
    }),
  },
  '/v1/connect-sessions/{id}/complete': {
    parameters: [sessionId],
    post: operation({
      id: 'completeConnectSession',
      summary: 'Finish an attempt in the session of the user who began it',
      description: 'Repeated with the same values it answers with the same connection.',
      scope: 'connect',
      body: body('Completion', 'required'),
      answers: { 200: answer('The connection.', 'Connection') },
      refusals: ON_COMPLETION,
    }),
  },
}

/** RFC 7240. */
const prefer = {
  name: 'Prefer',
  in: 'header',
  description: 'return=representation asks for a body instead of 204.',
  schema: { type: 'string' },
}

const revoked = {
  'Knoxgate-Upstream-Revoked': {
    description: 'Whether Samsung was told.',
    schema: { type: 'string', enum: ['true', 'false'] },
  },
}

const connectionPaths = (pageLimit: number): JsonObject => ({
  '/v1/connections': {
    get: operation({
      id: 'listConnections',
      summary: 'List connections in the order of their creation',
      scope: 'connections:read',
      parameters: listParameters(pageLimit),
      answers: { 200: answer('One page.', 'ConnectionPage') },
      refusals: ['record_unreadable'],
    }),
    post: operation({
      id: 'createConnection',
      summary: 'Connect a customer of a program at which nobody signs in',
      description: 'For knox-msp and knox-customer. Samsung is asked nothing: verify does that.',
      scope: 'connect',
      parameters: [IDEMPOTENCY_KEY],
      body: body('NewConnection', 'required'),
      answers: {
        201: answer('The connection.', 'Connection', {
          Location: { description: 'Path of the connection.', schema: { type: 'string' } },
          'Idempotency-Replayed': REPLAYED,
        }),
      },
      refusals: [
        ...ON_CREATE,
        'connection_exists',
        'tenant_claimed',
        'connection_frozen',
        'store_not_durable',
      ],
    }),
  },
  '/v1/connections/{id}': {
    parameters: [connectionId],
    get: operation({
      id: 'getConnection',
      summary: 'Read a connection; never holds a secret',
      scope: 'connections:read',
      answers: { 200: answer('The connection.', 'Connection') },
      refusals: ON_RECORD,
    }),
    delete: operation({
      id: 'deleteConnection',
      summary: 'Delete a connection and its tokens for good',
      scope: 'connections:write',
      parameters: [prefer],
      answers: {
        200: answer('Deleted, and asked for a body.', 'Deletion', revoked),
        204: { description: 'Deleted.', headers: revoked },
      },
      refusals: ON_WRITE,
    }),
  },
  '/v1/connections/{id}/token': {
    parameters: [connectionId],
    post: operation({
      id: 'getToken',
      summary: 'Get a live Knox credential',
      description: 'It is made now, or the one at hand if that lives long enough.',
      scope: 'tokens',
      body: body('TokenRequest', 'optional'),
      answers: { 200: answer('Send headers with the call to Knox. Do not store it.', 'Token') },
      refusals: [...ON_TOKEN, 'proxy_only'],
    }),
  },
  '/v1/connections/{id}/verify': {
    parameters: [connectionId],
    post: operation({
      id: 'verifyConnection',
      summary: 'Ask Knox, by one cheap read, whether the customer trusts the portal',
      description: 'Missing trust is 409 trust_missing, with what the customer has to do.',
      scope: 'connections:read',
      body: body('Empty', 'optional'),
      answers: { 200: answer('Trust is there.', 'Verification') },
      refusals: ON_TOKEN,
    }),
  },
})
