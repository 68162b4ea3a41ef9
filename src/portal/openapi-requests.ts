import { z } from 'zod'
import {
  completionBody,
  emptyBody,
  listQuery,
  newConnectionBody,
  newSessionBody,
  tokenBody,
} from './wire.ts'

/** A JSON Schema (2020-12, as OpenAPI 3.1 has it) or another part of the document. */
export type JsonObject = { readonly [name: string]: unknown }

/** Text as `validate.ts` takes it: no control characters, no separators, nothing that reverses. */
const NO_CONTROLS =
  '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]+$'

const text = (maxLength: number) => ({ minLength: 1, maxLength, pattern: NO_CONTROLS })
const random = { pattern: '^[A-Za-z0-9_-]{43}$', minLength: 43, maxLength: 43 }

/**
 * What zod cannot tell about a field, because it is checked by code, and what the field is for.
 *
 * A test holds each rule against the schema that the routes parse with.
 */
const FIELDS: Readonly<Record<string, JsonObject>> = {
  program: { ...text(64), description: 'Id of a program that is registered for the portal.' },
  tenant_ref: {
    ...text(256),
    description: "The portal's own id of the customer. One connection per program and tenant_ref.",
  },
  tenant_name: { ...text(256), description: "The customer's name, shown on the consent page." },
  managed_tenant_id: {
    minLength: 1,
    maxLength: 64,
    description:
      "Samsung's id of the managed customer, from the Customers page of the Knox MSP portal. " +
      'Required for knox-msp, and for no other kind.',
  },
  return_url: {
    maxLength: 2048,
    pattern: '^https?://[\\x21\\x22\\x24-\\x7e]+$',
    format: 'uri',
    description: 'Where the browser ends up. Must equal a registered return URL, letter by letter.',
  },
  code_challenge: {
    ...random,
    description: 'S256 of a code_verifier that stays in the session of the user (RFC 7636).',
  },
  connection_id: {
    pattern: '^conn_[0-9a-hjkmnp-tv-z]{32}$',
    minLength: 37,
    maxLength: 37,
    description: 'Reconnect: the connection that is to be renewed.',
  },
  allow_account_change: {
    default: false,
    description: 'Reconnect: whether another Samsung account may sign in. The page says so.',
  },
  locale: { description: "Language of Samsung's pages, such as en-US." },
  result_code: { ...random, description: 'As it came back in the query of the return URL.' },
  code_verifier: {
    minLength: 43,
    maxLength: 128,
    description: 'The verifier that code_challenge was made of.',
  },
  min_ttl_seconds: {
    type: 'integer',
    minimum: 0,
    maximum: 1800,
    description:
      'How long the token must live at least; 60 when absent, unless the operator set another. ' +
      'At most the validity of the program less a margin.',
  },
  rejected: {
    ...text(64),
    description: 'token_id of a token that Knox refused: it is replaced, at most once a minute.',
  },
  cursor: { ...text(128), description: 'next_cursor of the page before.' },
  status: {
    description: 'Only connections of this status. A page may then hold fewer than limit.',
  },
}

type Properties = Readonly<Record<string, JsonObject>>

/** The schema of a body: from zod what zod knows, from the table above what it does not. */
function schemaOf(schema: z.ZodType): JsonObject & { readonly properties: Properties } {
  const { $schema: _, properties = {}, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  const described = Object.entries(properties).map(([name, property]) => {
    const known: JsonObject = typeof property === 'object' ? property : {}
    return [name, { ...known, ...FIELDS[name] }] as const
  })
  return { ...rest, properties: Object.fromEntries(described) }
}

/** The request bodies of `/v1`, by the name they have among the document's schemas. */
export const requestSchemas = (): Readonly<Record<string, JsonObject>> => ({
  NewConnectSession: schemaOf(newSessionBody),
  NewConnection: schemaOf(newConnectionBody),
  Completion: schemaOf(completionBody),
  TokenRequest: schemaOf(tokenBody),
  Empty: schemaOf(emptyBody),
})

/** The query of `GET /v1/connections`. Its values are text; `limit` is described as what it means. */
export function listParameters(pageLimit: number): readonly JsonObject[] {
  const limit = {
    type: 'integer',
    minimum: 1,
    maximum: pageLimit,
    default: Math.min(50, pageLimit),
    description: 'Most connections on a page.',
  }
  const { properties } = schemaOf(listQuery(pageLimit))
  return Object.entries({ ...properties, limit }).map(([name, property]) => {
    const { description, ...schema } = property
    return { name, in: 'query', description, schema }
  })
}
