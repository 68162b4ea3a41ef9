import type { Actor } from '../shared/actor.ts'
import type { EpochMs } from '../shared/time.ts'

/** Everything that is written down; docs/operations.md says of each what it means. */
export const AUDIT_EVENTS = [
  // The process.
  'process_started',
  'process_stopped',
  'audit_entries_lost',
  // A consent on its way.
  'session_created',
  'consent_started',
  'consent_given',
  'consent_denied',
  'session_completed',
  'session_failed',
  'browser_refused',
  // A connection.
  'connection_created',
  'account_changed',
  'refresh_ended',
  'token_minted',
  'token_handed_out',
  'call_proxied',
  'connection_verified',
  'connection_deleted',
  // Who may what.
  'authentication_failed',
  'scope_refused',
  'rate_limited',
  'request_shed',
  'api_key_created',
  'api_key_changed',
  'api_key_revoked',
  'frozen',
  'unfrozen',
  // Keys.
  'vault_keys_rewrapped',
  'record_quarantined',
  'signing_key_reloaded',
  'client_identifier_promoted',
] as const

export type AuditEventName = (typeof AUDIT_EVENTS)[number]

/**
 * What happened. Ids, words of closed lists and numbers only: never a secret, a name or an address.
 * Who did it and when is added where it is written.
 */
export interface AuditEvent {
  readonly event: AuditEventName
  /** `ok` when absent; otherwise an error code, or a word of a closed list. */
  readonly outcome?: string
  /** Whose connection, session or key it is; the caller's own portal when absent. */
  readonly portalId?: string | undefined
  readonly programId?: string | undefined
  readonly connectionId?: string | undefined
  readonly sessionId?: string | undefined
  /** Fingerprint of a token. */
  readonly tokenId?: string | undefined
  /** Id of what else it is about: an API key, a vault key, a version. */
  readonly subject?: string | undefined
  readonly reason?: string | undefined
  /** How often it happened, where several are told as one. */
  readonly count?: number
  /** From when on they were counted. */
  readonly since?: EpochMs
  /** What is known of who did it beyond what the request has proven. */
  readonly actor?: Actor
}

/** Where events of the trail are given to. */
export interface Audit {
  /** Writes an event down behind the caller's back, in order. Never fails. */
  note(event: AuditEvent): void
  /**
   * Writes an event down, and resolves when it stands; where the trail is not required, at once.
   *
   * @throws ServiceError `audit_unavailable`; the event is written later, if it can be.
   */
  record(event: AuditEvent): Promise<void>
  /**
   * Asks before something that must not happen unrecorded.
   *
   * @throws ServiceError `audit_unavailable` while nothing can be written and the trail is required.
   */
  assertWritable(): void
  /**
   * Notes something that may happen very often: the first time at once, the repeats of the same `key`
   * counted and told as one event at the end of a window.
   *
   * @param make - Called once per key, and again when the repeats are told.
   */
  tally(kind: TallyKind, key: string, make: () => AuditEvent): void
}

/** `hand_out`: tokens that were at hand and proxied calls, per `audit.hand_out_window`. `refusal`: callers who were refused, per minute. */
export type TallyKind = 'hand_out' | 'refusal'

/** How it stands with what has to be written. */
export interface AuditState {
  /** The last attempt failed; it is made again twice a second. */
  readonly failing: boolean
  /** Entries that are in this process only. */
  readonly waiting: number
  /** Entries that were given up since the start. */
  readonly lost: number
}
