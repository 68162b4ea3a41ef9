import { z } from 'zod'
import { parseCidr } from '../shared/ip.ts'
import { PublicJwkError, readPublicJwk, thumbprintOf } from '../signing/public-jwk.ts'
import type { PortalAssertionKey } from './config.ts'
import { field, id, list, section } from './fields.ts'
import { isObject } from './json-file.ts'
import { isReference, type Resolve } from './references.ts'
import { isScope, SCOPES } from './scopes.ts'

/** RFC 3339 §5.6 in UTC, with whole seconds or finer. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/

const PUBLIC_KEY = '{ "file": "keys/acme-console.jwk.json" } or { "kty": "EC", "crv": "P-256", … }'

/** One entry of `assertion_keys` in `portals.json`. */
export const assertionKey = (resolve: Resolve) =>
  section({
    id: id('acme-2026-11'),
    public_key: publicKey(resolve),
    scopes: list(field(isScope, `must be one of ${SCOPES.join(', ')}`)),
    programs: list(id('emm-eu')).optional(),
    cidrs: list(
      field(isCidr, 'must be a network, not an IPv4-mapped one', '192.0.2.0/24'),
    ).optional(),
    expires_at: field(isTime, 'must be a time in UTC', '2027-11-20T00:00:00Z').optional(),
  })

/** A JSON Web Key as it is, or in a file. */
const publicKey = (resolve: Resolve) =>
  field(isObject, 'must be a JSON Web Key, or a reference to one', PUBLIC_KEY).transform(
    (value, ctx) => {
      try {
        return readPublicJwk(isReference(value) ? readReferred(value, resolve) : value)
      } catch (error) {
        if (!(error instanceof PublicJwkError)) throw error
        ctx.addIssue({ code: 'custom', message: error.rule, params: { example: PUBLIC_KEY } })
        return z.NEVER
      }
    },
  )

type Entry = z.output<ReturnType<typeof assertionKey>>

/** An entry in the service's words. */
export function toAssertionKey(entry: Entry): PortalAssertionKey {
  const { public_key: jwk, scopes, programs, cidrs, expires_at: expiresAt } = entry
  return {
    id: entry.id,
    hash: thumbprintOf(jwk),
    publicKey: jwk,
    scopes,
    ...(programs === undefined ? {} : { programs }),
    ...(cidrs === undefined ? {} : { cidrs }),
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  }
}

function readReferred(reference: Parameters<Resolve>[0], resolve: Resolve): unknown {
  const found = resolve(reference)
  if ('rule' in found) throw new PublicJwkError(found.rule)
  try {
    return JSON.parse(found.text.replace(/^\uFEFF/, ''))
  } catch {
    throw new PublicJwkError('names something that is not JSON')
  }
}

const isCidr = (value: unknown): value is string =>
  typeof value === 'string' && parseCidr(value) !== null

const isTime = (value: unknown): value is string =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))
