import { z } from 'zod'
import { ServiceError } from '../shared/errors.ts'
import type { EpochMs } from '../shared/time.ts'

/*
 * The layout of a stored connection. It is what older and newer versions of this service agree on: a
 * field may be added as optional, none may change its meaning. Times are ms since the epoch; a
 * "sealed" text opens only with this connection's data key, for its binding, field and generation.
 */

const sealed = z.string().startsWith('v1.')
const time = z.number().int().nonnegative()
const count = z.number().int().nonnegative()

const tokenSet = z.object({
  /** The generation under which the texts of this set are sealed. */
  generation: count,
  /** The attempt that committed it, so that a commit whose answer was lost is known again. */
  committedBy: z.string().exactOptional(),
  accessToken: sealed,
  accessExpiresAt: time,
  issuedAt: time,
  /** Absent when Samsung gave none: the connection ends with its access token. */
  refreshToken: sealed.exactOptional(),
  refreshExpiresAt: time.exactOptional(),
  /** The refresh token before this one: usable only within a grace period that Samsung grants. */
  previous: z.object({ generation: count, refreshToken: sealed }).exactOptional(),
})

const refresh = z.object({
  state: z.enum(['ok', 'refreshing', 'uncertain', 'consent_required']),
  /** When this state began. */
  since: time,
  /** Who owns the running attempt. The intent is the lease. */
  attempt: z.string().exactOptional(),
  /** End of the lease, by the store's clock. */
  until: time.exactOptional(),
  /** The running attempt spends a token whose last use has an unknown outcome. */
  recovering: z.boolean().exactOptional(),
  /** The earliest moment at which the token can have been spent, while that has no known outcome. */
  spentAt: time.exactOptional(),
  /** Attempts in a row that brought nothing. */
  failures: count,
  /** No attempt before this time, by the store's clock. */
  retryAt: time.exactOptional(),
  /** What callers are told until then: the error code of the last attempt. */
  code: z.string().exactOptional(),
  /** Why the customer is needed: set with `consent_required`. */
  reason: z.enum(['refused', 'refused_after_unknown_outcome', 'not_renewable']).exactOptional(),
})

const knoxToken = z.object({
  /** The generation under which `value` is sealed: that of the token set it was made from. */
  generation: count,
  headerName: z.string(),
  value: sealed,
  /** A fingerprint: HMAC of the token, never the token. */
  tokenId: z.string(),
  mintedAt: time,
  expiresAt: time,
  /** When a portal's `rejected` last had a token replaced. */
  replacedAt: time.exactOptional(),
})

const lastError = z.object({
  at: time,
  code: z.string(),
  owner: z.enum(['portal', 'customer', 'operator', 'samsung']),
  upstreamCode: z.string().exactOptional(),
  errorId: z.string().exactOptional(),
})

const trust = z.object({ present: z.boolean(), checkedAt: time })

const ofConsent = z.object({
  id: z.string(),
  program: z.string(),
  kind: z.enum(['samsung-account']),
  account: z.object({ id: z.string(), email: sealed.exactOptional() }).exactOptional(),
  /** The consent that all tokens since came of: the attempt that brought it, and when it arrived. */
  consent: z.object({ by: z.string(), at: time }).exactOptional(),
  tokenSet,
  refresh,
  knoxToken: knoxToken.exactOptional(),
  trust: trust.exactOptional(),
  lastError: lastError.exactOptional(),
})

const ofProgram = z.object({
  id: z.string(),
  program: z.string(),
  kind: z.enum(['knox-msp', 'knox-customer']),
  /** Whom of the provider's customers it is for; always there for `knox-msp`. */
  managedTenantId: z.string().exactOptional(),
  trust: trust.exactOptional(),
  lastError: lastError.exactOptional(),
})

const binding = z.discriminatedUnion('kind', [ofConsent, ofProgram])

const connection = z.object({
  format: z.literal(1),
  type: z.literal('connection'),
  id: z.custom<`conn_${string}`>((value) => typeof value === 'string' && value.startsWith('conn_')),
  portalId: z.string(),
  tenantRef: z.string(),
  tenantName: z.string().exactOptional(),
  createdAt: time,
  updatedAt: time,
  /** Moves only with a committed token set: the fence of every commit, and part of what is sealed. */
  generation: count,
  /** This connection's data key, wrapped by a key of the ring. */
  dataKey: sealed,
  /** Id of the binding in use. */
  current: z.string(),
  bindings: z.array(binding).min(1),
})

const tombstone = z.object({
  format: z.literal(1),
  type: z.literal('tombstone'),
  id: z.string(),
  portalId: z.string(),
  deletedAt: time,
})

const stored = z.discriminatedUnion('type', [connection, tombstone])

export type TokenSet = Readonly<z.infer<typeof tokenSet>>
export type RefreshState = Readonly<z.infer<typeof refresh>>
export type KnoxTokenRecord = Readonly<z.infer<typeof knoxToken>>
export type LastError = Readonly<z.infer<typeof lastError>>
/** A binding that stands on a customer's consent, with tokens of its own. */
export type ConsentBinding = Readonly<z.infer<typeof ofConsent>>
/** A binding that stands on its program alone: the program's one token serves it. */
export type ProgramBinding = Readonly<z.infer<typeof ofProgram>>
export type Binding = ConsentBinding | ProgramBinding
/** A standing permission of one customer for one portal. */
export type Connection = Readonly<z.infer<typeof connection>> & {
  /** Since when a freeze covers it. Never stored here: put in as it is read, from what is frozen. */
  readonly frozenAt?: EpochMs
}
/** What stays of a deleted connection, so that a late write cannot bring it back. */
export type Tombstone = Readonly<z.infer<typeof tombstone>>

/** Reads a stored document. @throws ServiceError `record_unreadable` */
export function parseRecord(text: string): Connection | Tombstone {
  try {
    return stored.parse(JSON.parse(text))
  } catch {
    throw new ServiceError('record_unreadable')
  }
}

/** The binding in use. @throws ServiceError `record_unreadable` when the record names none it has */
export function currentBinding(connection: Connection): Binding {
  const found = connection.bindings.find((one) => one.id === connection.current)
  if (found === undefined) throw new ServiceError('record_unreadable')
  return found
}

/** Whether a binding stands on a customer's consent. */
export const hasConsent = (binding: Binding): binding is ConsentBinding =>
  binding.kind === 'samsung-account'

/**
 * The binding in use, of a connection that stands on a consent.
 *
 * @throws ServiceError `record_unreadable` when it does not: then there is nothing to renew or to exchange
 */
export function consentBinding(connection: Connection): ConsentBinding {
  const found = currentBinding(connection)
  if (!hasConsent(found)) throw new ServiceError('record_unreadable')
  return found
}

/** When the consent arrived that the tokens in use came of; 0 in records of earlier versions. */
export const consentedAt = (connection: Connection): EpochMs =>
  consentBinding(connection).consent?.at ?? 0

/** Returns the connection with its current binding changed, and nothing else. */
export function withCurrentBinding(connection: Connection, changed: Binding): Connection {
  return {
    ...connection,
    bindings: connection.bindings.map((one) => (one.id === connection.current ? changed : one)),
  }
}
