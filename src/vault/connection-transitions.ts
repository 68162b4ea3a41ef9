import type { ConnectionId } from '../shared/ids.ts'
import type { EpochMs } from '../shared/time.ts'
import type { SealedTokens } from './commit-transitions.ts'
import {
  type Connection,
  type ConsentBinding,
  consentBinding,
  consentedAt,
  currentBinding,
  hasConsent,
  type KnoxTokenRecord,
  type LastError,
  type Tombstone,
  withCurrentBinding,
} from './record.ts'

export interface NewConnection {
  readonly id: ConnectionId
  readonly portalId: string
  readonly tenantRef: string
  readonly tenantName?: string
  readonly program: string
  readonly kind: ConsentBinding['kind']
  /** The wrapped data key that sealed `tokens` for binding {@link FIRST_BINDING}, generation 1. */
  readonly dataKey: string
  readonly account?: NonNullable<ConsentBinding['account']>
  readonly tokens: SealedTokens
  /** The consent that brought them, so that a crash before it was noted can be told. */
  readonly attempt: string
}

/** Id of a connection's first binding; part of what its tokens are sealed with. */
export const FIRST_BINDING = 'b1'

/** A connection as it is first stored: generation 1. */
export function newConnection(made: NewConnection, now: EpochMs): Connection {
  const { rotated: _, ...received } = made.tokens
  return {
    format: 1,
    type: 'connection',
    id: made.id,
    portalId: made.portalId,
    tenantRef: made.tenantRef,
    ...(made.tenantName === undefined ? {} : { tenantName: made.tenantName }),
    createdAt: now,
    updatedAt: now,
    generation: 1,
    dataKey: made.dataKey,
    current: FIRST_BINDING,
    bindings: [
      {
        id: FIRST_BINDING,
        program: made.program,
        kind: made.kind,
        ...(made.account === undefined ? {} : { account: made.account }),
        consent: { by: made.attempt, at: received.issuedAt },
        tokenSet: { ...received, generation: 1, committedBy: made.attempt },
        refresh: { state: 'ok', since: now, failures: 0 },
      },
    ],
  }
}

export interface Reconnection {
  readonly tokens: SealedTokens
  readonly attempt: string
  readonly account?: NonNullable<ConsentBinding['account']>
  readonly tenantName?: string
}

/**
 * Gives an existing connection the token set of a new consent, sealed for `connection.generation + 1`.
 *
 * What belonged to the old consent goes: a Knox token, the knowledge about trust, the last error. A
 * refresh that is still running is fenced off by the generation.
 *
 * @returns null when this consent is there already, whatever has been made of it since, or a newer one: then
 *   the late one must be dropped.
 */
export function reconnect(
  connection: Connection,
  made: Reconnection,
  now: EpochMs,
): Connection | null {
  const old = consentBinding(connection)
  const { rotated: _, ...received } = made.tokens
  const consent = { by: made.attempt, at: received.issuedAt }
  if (old.consent?.by === consent.by || consentedAt(connection) > consent.at) return null
  const generation = connection.generation + 1
  return withCurrentBinding(
    {
      ...connection,
      ...(made.tenantName === undefined ? {} : { tenantName: made.tenantName }),
      generation,
      updatedAt: now,
    },
    {
      id: old.id,
      program: old.program,
      kind: old.kind,
      ...(made.account === undefined ? {} : { account: made.account }),
      consent,
      tokenSet: { ...received, generation, committedBy: made.attempt },
      refresh: { state: 'ok', since: now, failures: 0 },
    },
  )
}

/** What stays after a delete: no token, no key, no name. */
export const tombstoneOf = (connection: Connection, now: EpochMs): Tombstone => ({
  format: 1,
  type: 'tombstone',
  id: connection.id,
  portalId: connection.portalId,
  deletedAt: now,
})

/**
 * Keeps a signed token for all replicas, unless one that lives longer is kept already.
 *
 * One that was made from an older token set is dropped: that set may have been another account's.
 *
 * @param replaces - Fingerprint of the token that must go although it lives longer: Knox refused it.
 */
export function keepKnoxToken(
  connection: Connection,
  token: KnoxTokenRecord,
  replaces: string | undefined,
  now: EpochMs,
): Connection | null {
  const { lastError: _, ...binding } = consentBinding(connection)
  if (binding.tokenSet.generation !== token.generation) return null
  const held = binding.knoxToken
  if (held !== undefined && held.tokenId !== replaces && held.expiresAt > token.expiresAt)
    return null
  return withCurrentBinding({ ...connection, updatedAt: now }, { ...binding, knoxToken: token })
}

/** How often the same error is noted again; each note is a write. */
const NOTE_AGAIN_MS = 60_000

/** Notes why the last attempt failed, for `last_error`. @returns null when it is noted already. */
export function noteError(connection: Connection, error: LastError): Connection | null {
  const binding = currentBinding(connection)
  const held = binding.lastError
  const same = held?.code === error.code && held.upstreamCode === error.upstreamCode
  if (same && held !== undefined && error.at - held.at < NOTE_AGAIN_MS) return null
  return withCurrentBinding(
    { ...connection, updatedAt: error.at },
    { ...binding, lastError: error },
  )
}

/**
 * Notes what a Knox call told about the customer's trust in the portal.
 *
 * @param tokenId - Fingerprint of the token that was used.
 * @returns null when it is noted already, or another token is kept by now: that may be another
 *   account's, where accounts sign in.
 */
export function noteTrust(
  connection: Connection,
  present: boolean,
  tokenId: string,
  now: EpochMs,
): Connection | null {
  const { lastError, ...binding } = currentBinding(connection)
  if (hasConsent(binding) && binding.knoxToken?.tokenId !== tokenId) return null
  const healed = present && lastError !== undefined
  if (
    binding.trust?.present === present &&
    !healed &&
    now - binding.trust.checkedAt < NOTE_AGAIN_MS
  )
    return null
  return withCurrentBinding(
    { ...connection, updatedAt: now },
    {
      ...binding,
      ...(lastError === undefined || present ? {} : { lastError }),
      trust: { present, checkedAt: now },
    },
  )
}
