import { z } from 'zod'
import { FREEZE_TARGETS } from '../access/freezes.ts'
import type { PortalKey } from '../access/portal-key-view.ts'
import { isScope, SCOPES } from '../config/scopes.ts'
import { integer, text } from '../http/validate.ts'
import { parseCidr } from '../shared/ip.ts'
import { toRfc3339 } from '../shared/time.ts'
import { PublicJwkError, readPublicJwk } from '../signing/public-jwk.ts'

/*
 * What the admin API takes and gives: the wire in snake_case, the service's words on the other side.
 * Unknown fields and parameters are refused.
 */

const DAY_S = 86_400

/** A call that takes no body, and one that takes no parameters. */
export const noBody = z.strictObject({}).optional()
export const noQuery = z.strictObject({})

const id = z.string().refine((value) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(value), {
  error: 'must be 1 to 63 of a-z, 0-9 and hyphen',
})

/** A list of 1 to `most` values, none twice. */
const list = <T extends z.ZodType<string>>(item: T, most: number) =>
  z.array(item).refine((values) => isShortSet(values, most), {
    error: `must be a list of 1 to ${most} values, none of them twice`,
  })

const isShortSet = (values: readonly string[], most: number): boolean =>
  values.length > 0 && values.length <= most && new Set(values).size === values.length

const scope = z.string().refine(isScope, { error: `must be one of ${SCOPES.join(', ')}` })

const cidr = z.string().refine((value) => parseCidr(value) !== null, {
  error: 'must be a network such as 192.0.2.0/24 or 2001:db8::/32, not an IPv4-mapped one',
})

const method = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** Nothing in it that two readers of a path could understand differently. */
const pathPrefix = z.string().refine(isPlainPath, {
  error:
    'must be a path such as /kcs/v1/kme/ of letters, digits, hyphen, dot, underscore and tilde',
})

function isPlainPath(value: string): boolean {
  const parts = value.split('/')
  const isPlain = value.length <= 256 && /^(?:\/[A-Za-z0-9._~-]+)+\/?$/.test(value)
  return isPlain && !parts.includes('.') && !parts.includes('..')
}

const proxy = z
  .strictObject({
    products: list(id, 20).optional(),
    methods: list(method, 6).optional(),
    path_prefixes: list(pathPrefix, 50).optional(),
  })
  .transform(({ products, methods, path_prefixes }) => ({
    ...(products && { products }),
    ...(methods && { methods }),
    ...(path_prefixes && { pathPrefixes: path_prefixes }),
  }))

/** Of a pair that the portal has made; its private half is refused, and of what is refused nothing is told. */
const publicKey = z.unknown().transform((value, ctx) => {
  try {
    return readPublicJwk(value)
  } catch (error) {
    if (!(error instanceof PublicJwkError)) throw error
    ctx.addIssue({ code: 'custom', message: error.rule })
    return z.NEVER
  }
})

/** `POST /admin/v1/portals/{id}/keys` */
export const newKeyBody = z
  .strictObject({
    name: text(1, 80).optional(),
    public_key: publicKey.optional(),
    scopes: list(scope, SCOPES.length),
    programs: list(id, 1000).optional(),
    cidrs: list(cidr, 50).optional(),
    proxy: proxy.optional(),
    expires_in_seconds: integer(60, 3650 * DAY_S).optional(),
  })
  .transform(({ name, public_key, scopes, programs, cidrs, proxy, expires_in_seconds }) => ({
    scopes: scopes.filter(isScope),
    ...(name === undefined ? {} : { name }),
    ...(public_key && { publicKey: public_key }),
    ...(programs && { programs }),
    ...(cidrs && { cidrs }),
    ...(proxy && { proxy }),
    ...(expires_in_seconds === undefined ? {} : { lifetimeMs: expires_in_seconds * 1000 }),
  }))

/** `POST …/keys/{keyId}/rotate`: a day when nothing is said. */
export const rotateBody = z
  .strictObject({
    overlap_seconds: integer(0, 30 * DAY_S).optional(),
    public_key: publicKey.optional(),
  })
  .default({})
  .transform(({ overlap_seconds: overlap = DAY_S, public_key }) => ({
    overlapMs: overlap * 1000,
    publicKey: public_key,
  }))

/** `POST …/keys/{keyId}/expire` */
export const expireBody = z
  .strictObject({ after_seconds: integer(0, 3650 * DAY_S) })
  .transform(({ after_seconds: after }) => ({ afterMs: after * 1000 }))

const place = {
  target: z.enum(FREEZE_TARGETS),
  id: text(1, 64).optional(),
}

interface Place {
  readonly target: (typeof FREEZE_TARGETS)[number]
  readonly id?: string | undefined
}

/** Half a freeze would be another one than was meant. */
const isWhole = ({ target, id: named }: Place): boolean =>
  (target === 'everything') === (named === undefined)

const WHOLE = {
  path: ['id'],
  error: 'must be there, unless the target is everything; then it must not',
}

/** `POST /admin/v1/freezes` */
export const freezeBody = z.strictObject({ ...place, reason: text(1, 200) }).refine(isWhole, WHOLE)

/** `DELETE /admin/v1/freezes` */
export const unfreezeQuery = z.strictObject(place).refine(isWhole, WHOLE)

/** A key without the key. */
export function viewKey(key: PortalKey) {
  const { proxy: limits } = key
  return {
    id: key.id,
    type: key.publicKey === undefined ? 'api_key' : 'assertion',
    prefix: key.publicKey === undefined ? `kg_${key.id}_` : undefined,
    public_key: key.publicKey,
    portal: key.portalId,
    source: key.source,
    status: key.hasExpired ? 'expired' : 'active',
    name: key.name,
    scopes: key.scopes,
    programs: key.programs,
    cidrs: key.cidrs,
    proxy: limits && {
      products: limits.products,
      methods: limits.methods,
      path_prefixes: limits.pathPrefixes,
    },
    created_at: timeOf(key.createdAt),
    created_by: key.createdBy,
    expires_at: timeOf(key.expiresAt),
    last_used_at: timeOf(key.lastUsedAt),
    replaces: key.replaces,
  }
}

const timeOf = (at: number | undefined) => (at === undefined ? undefined : toRfc3339(at))
